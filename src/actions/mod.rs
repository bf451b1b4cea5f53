//! The life of an act, the same for a key press and a subcommand.
//!
//! ```text
//! refs ──> prepare ──────────> Preview ──> consent ──> Approved ──> apply ─────────────────────> Outcome
//!          resolve, read,      the plan    approve()                intent on disk, steps,
//!          plan (pure)                                              proof per server, result
//! ```
//!
//! An act is data: a struct with `clap::Args`, a [`spec::Spec`], and a pure `plan`. It stands where its id says:
//! `user.revoke` is `user/revoke.rs`. The world is reached through `ports` alone.

pub mod account_steps;
pub mod action;
mod administrators;
pub mod apply;
mod certifying;
mod closing;
mod copies;
pub mod diagnose;
mod enforce;
pub mod facts;
pub mod given;
pub mod guard;
pub mod identify;
pub mod issued;
mod issuing;
mod keep;
pub mod login;
pub mod lookup;
pub mod opening;
pub mod outcome;
pub mod plan;
pub mod ports;
pub mod prepare;
mod pushing;
pub mod reach;
pub mod record_fields;
pub mod recovery;
pub mod refs;
pub mod refusal;
mod resolve;
pub mod rights;
mod rivals;
pub mod signing;
pub mod spec;
pub mod standing;
mod steps;
pub mod stock;
pub mod survey;
mod taking;
mod verify;
pub mod when;

pub mod account {
    //! Acts on accounts.
    pub mod pull;
    pub mod push;
}

pub mod connection {
    //! Acts on connections.
    pub mod kick;
}

pub mod user {
    //! Acts on users.
    pub mod creds;
    mod inherit;
    pub mod lift;
    pub mod reissue;
    pub mod revoke;
}
