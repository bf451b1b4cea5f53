//! Every act that there is, in one place: on what it can be begun, and how it comes to its preview. Its rules are `actions`'s.

use crate::actions::account::pull::PullAccount;
use crate::actions::account::push::PushAccount;
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
use crate::tui::popups::form::{self, Field, FieldKind, Form};
use crate::tui::popups::lifting;
use crate::tui::widgets::letters::Letters;

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
            allows: allows::<$act>,
            bind: |on, standing| bound::<$act>(on, standing, Intent::$name, |words| read(words).map(Intent::$name)),
        },)*];
    };
}

acts! {
    Revoke RevokeUsers;
    Reissue ReissueUser;
    Kick KickConnections;
    Lift LiftRevocations;
    Creds WriteCreds;
    Push PushAccount;
    Pull PullAccount;
}

/// An act, as the screen offers it.
pub struct Offer {
    pub spec: &'static Spec,
    /// Nothing, or the reason that a dim key tells when it is pressed. Every frame asks it of every act: no form is made for it.
    allows: fn(&Selection, &Standing) -> Result<(), String>,
    /// The act on a selection; else the same reason.
    pub bind: fn(&Selection, &Standing) -> Result<Begun, String>,
}

/// How an act begins.
#[derive(Debug)]
pub enum Begun {
    Ready(Intent),
    /// More has to be said first.
    Ask(Form),
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
        match (self.allows)(on, standing) {
            Ok(()) => Allowed::Yes,
            Err(why) => Allowed::No(why),
        }
    }
}

/// The act of an id.
pub fn offer(id: &str) -> Option<&'static Offer> {
    ACTS.iter().find(|offer| offer.spec.id == id)
}

type Read = fn(&[String]) -> Result<Intent, String>;

fn bound<A: Action>(
    on: &Selection,
    standing: &Standing,
    intent: fn(A) -> Intent,
    read: Read,
) -> Result<Begun, String> {
    let begun = match A::bind(on, standing) {
        Bound::No(why) => return Err(why),
        Bound::Ask(known) => Begun::Ask(Form::new(A::SPEC.title, fields::<A>(&known), read)),
        Bound::Ready(act) => Begun::Ready(intent(act)),
    };
    opens::<A>(standing).map(|()| begun)
}

/// The same without the act and its form.
fn allows<A: Action>(on: &Selection, standing: &Standing) -> Result<(), String> {
    match A::bind(on, standing) {
        Bound::No(why) => Err(why),
        Bound::Ask(_) | Bound::Ready(_) => opens::<A>(standing),
    }
}

/// Whether an act can be begun in a context such as this.
fn opens<A: Action>(standing: &Standing) -> Result<(), String> {
    if standing.access == Access::ReadOnly && !may_open_read_only(&A::SPEC) {
        Err(lifting::way())
    } else {
        Ok(())
    }
}

/// The arguments of an act as its command line has them.
fn command<A: Action>() -> clap::Command {
    let command = clap::Command::new(A::SPEC.id);
    A::augment_args(command.no_binary_name(true).disable_help_flag(true))
}

fn fields<A: Action>(known: &[(&'static str, String)]) -> Vec<Field> {
    let field = |arg: &clap::Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        let value = names.first().map(ToString::to_string).unwrap_or_default();
        let said = known.iter().find(|(id, _)| *id == arg.get_id().as_str());
        let (label, kind) = match (arg.get_long(), said) {
            (_, Some((_, said))) => (value, FieldKind::Known(said.clone())),
            (Some(long), None) if arg.get_action().takes_values() => (
                format!("--{long} {value}"),
                FieldKind::Flag(long.to_owned()),
            ),
            (Some(long), None) => (format!("--{long}"), FieldKind::Switch(long.to_owned())),
            (None, None) => (value, FieldKind::Positional),
        };
        Field {
            label,
            help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            kind,
            value: Letters::new("", form::LONGEST),
        }
    };
    command::<A>().get_arguments().map(field).collect()
}

/// The act that the words of a form say; else why they say none.
fn read<A: Action>(words: &[String]) -> Result<A, String> {
    let read = command::<A>().try_get_matches_from(words);
    let read = read.and_then(|matches| A::from_arg_matches(&matches));
    read.map_err(|error| {
        let said = error.to_string();
        let line = said.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    })
}

/// Whether the preview may be looked at in a read-only context. What narrows is lifted by the consent to it; a new key may turn
/// out to replace one that was revoked, which only the plan says.
fn may_open_read_only(spec: &Spec) -> bool {
    spec.direction == Direction::Narrows || spec.id == ReissueUser::SPEC.id
}
