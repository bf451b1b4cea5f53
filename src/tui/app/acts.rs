//! Every act that there is, in one place: on what it can be begun, and how it comes to its preview. Its rules are `actions`'s.

use crate::actions::action::{Access, Action, Bound, Selection, Standing};
use crate::actions::connection::kick::KickConnections;
use crate::actions::plan::Preview;
use crate::actions::ports::Ports;
use crate::actions::prepare::prepare;
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Spec};
use crate::actions::user::creds::WriteCreds;
use crate::actions::user::lift::LiftRevocations;
use crate::actions::user::reissue::ReissueUser;
use crate::actions::user::revoke::RevokeUsers;

macro_rules! acts {
    ($($name:ident $act:ty;)*) => {
        /// An act on what was selected.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Intent { $($name($act),)* }

        impl Intent {
            pub const fn spec(&self) -> &'static Spec {
                match self { $(Self::$name(_) => &<$act>::SPEC,)* }
            }

            /// What it would do now.
            pub async fn prepare(&self, ports: &Ports) -> Result<Preview, Refusal> {
                match self { $(Self::$name(act) => prepare(act, ports, None).await,)* }
            }
        }

        /// The acts, in the order in which hints show them.
        pub const ACTS: &[Offer] = &[$(Offer {
            spec: &<$act>::SPEC,
            bind: |on, standing| bound(on, standing, Intent::$name),
        },)*];
    };
}

acts! {
    Revoke RevokeUsers;
    Reissue ReissueUser;
    Kick KickConnections;
    Lift LiftRevocations;
    Creds WriteCreds;
}

/// An act, as the screen offers it.
pub struct Offer {
    pub spec: &'static Spec,
    /// The act on a selection; else the reason that a dim key tells when it is pressed.
    pub bind: fn(&Selection, &Standing) -> Result<Intent, String>,
}

/// Whether an act can be begun on a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    Yes,
    /// The reason that a dim key tells when it is pressed.
    No(String),
}

impl Offer {
    pub fn allowed(&self, on: &Selection, standing: &Standing) -> Allowed {
        match (self.bind)(on, standing) {
            Ok(_) => Allowed::Yes,
            Err(why) => Allowed::No(why),
        }
    }
}

/// The act of an id.
pub fn offer(id: &str) -> Option<&'static Offer> {
    ACTS.iter().find(|offer| offer.spec.id == id)
}

fn bound<A: Action>(
    on: &Selection,
    standing: &Standing,
    intent: fn(A) -> Intent,
) -> Result<Intent, String> {
    match A::bind(on, standing) {
        Bound::No(why) => Err(why),
        Bound::Ask(_) => Err("needs more words: give them on the command line".to_owned()),
        Bound::Ready(_) if standing.access == Access::ReadOnly && !may_open_read_only(&A::SPEC) => {
            Err(READ_ONLY.to_owned())
        }
        Bound::Ready(act) => Ok(intent(act)),
    }
}

/// Why an act is not done in a read-only context.
pub const READ_ONLY: &str = "read-only: `:` write lifts it for 15 minutes";

/// Whether the preview may be looked at in a read-only context. What narrows is lifted by the consent to it; a new key may turn
/// out to replace one that was revoked, which only the plan says.
fn may_open_read_only(spec: &Spec) -> bool {
    spec.direction == Direction::Narrows || spec.id == ReissueUser::SPEC.id
}
