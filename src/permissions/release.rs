//! What releases of nats-server decide differently about permissions. Told by version, not by feature: a server
//! names its version and nothing else.
//!
//! ```text
//!                                                     wrong before
//! functions anywhere in a template's subject          2.11.0
//! a last `*` beside a longer pattern, in publish      2.11.12   2.12.4
//! denies that only overlap, and beside queue denies   2.11.16   2.12.7
//! denies of a queue hold for what arrives             2.14.4
//! a publish deny with a queue                         2.14.4
//! ```
//!
//! From random users before five servers (`by-version.jsonl`), and where they do not say it from the source of the releases
//! between (`client.go` and `sublist.go` of 2.10.26 to 2.15.2). There is no 2.13.

use crate::jwt::release::Release;

/// Whether a function counts wherever it stands in a subject, and an unknown one refuses the user. Before, only as a token.
pub(super) fn calls_functions_anywhere(release: Release) -> bool {
    release >= Release(2, 11, 0)
}

/// Whether a publish list with a last `*` forgets it for a token that a longer pattern of the list has in its place: beside
/// `orders.eu.>`, `orders.*` is not found for `orders.eu` (`matchLevelForAny`, `server/sublist.go`).
pub(super) fn forgets_a_last_star(release: Release) -> bool {
    !is_mended(release, Release(2, 11, 12), Release(2, 12, 4))
}

/// Whether messages are held back by every deny that shares a subject with the subscription. Before, a subscription
/// needed a deny that lies inside it, and one in a queue passed a plain deny beside one of another queue
/// (CVE-2026-58251; `canSubscribe`, `server/client.go`).
pub(super) fn holds_denies_that_overlap(release: Release) -> bool {
    is_mended(release, Release(2, 11, 16), Release(2, 12, 7))
}

/// Whether denies of a queue hold back messages to a subscription in it, and plain ones those to a literal subject.
pub(super) fn holds_denies_of_queues(release: Release) -> bool {
    release >= Release(2, 14, 4)
}

/// Whether a publish deny with a queue denies its subject; before, it denied nothing.
pub(super) fn reads_queues_in_publish_denies(release: Release) -> bool {
    release >= Release(2, 14, 4)
}

/// Whether something that was mended in 2.14.0, and in two older lines, is mended here.
fn is_mended(release: Release, in_2_11: Release, in_2_12: Release) -> bool {
    match release {
        Release(2, 11, _) => release >= in_2_11,
        Release(..) => release >= in_2_12,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_mended_in_an_older_line_is_not_wrong_there() {
        let forgets = |release: Release| forgets_a_last_star(release);
        let holds = |release: Release| holds_denies_that_overlap(release);

        assert!(forgets(Release(2, 10, 29)) && forgets(Release(2, 11, 11)));
        assert!(!forgets(Release(2, 11, 12)) && forgets(Release(2, 12, 3)));
        assert!(!forgets(Release(2, 12, 4)) && !forgets(Release(2, 14, 0)));
        assert!(!holds(Release(2, 11, 15)) && holds(Release(2, 11, 17)));
        assert!(!holds(Release(2, 12, 6)) && holds(Release(2, 12, 7)));
        assert!(!holds_denies_of_queues(Release(2, 14, 3)));
    }
}
