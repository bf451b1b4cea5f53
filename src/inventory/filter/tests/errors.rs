//! What is no filter, where it goes wrong, and what helps.

use super::parse;
use crate::explain::{Code, Explain as _};

fn problem(written: &str) -> String {
    parse(written).unwrap_err().to_string()
}

#[test]
fn an_error_says_where_and_what_helps() {
    for (written, message) in [
        (
            "orders idel<1h",
            "column 8: unknown field \"idel\"; did you mean idle_s? fields are account, user,",
        ),
        (
            "ü \"open",
            "column 3: the quote has no end; inside quotes, a quote is written \\\"",
        ),
        (
            "a name:",
            "column 7: nothing to look for at :; = with nothing behind it finds",
        ),
        ("name:a,,b", "column 7: nothing to look for at :"),
        ("a !", "column 3: nothing to look for at !"),
        ("\"\"", "column 1: nothing to look for at \"\""),
        ("cid>", "column 4: nothing to look for at >"),
        ("name<x", "column 5: name has no order; use name:text"),
        (
            "idle<soon",
            "column 6: idle_s compares with a duration such as 1h, not \"soon\"",
        ),
        (
            "in>=10parsecs",
            "column 5: in_bytes compares with a size such as 10KiB, not \"10parsecs\"",
        ),
        (
            "cid=1,x",
            "column 7: cid compares with a number such as 100, not \"x\"",
        ),
        (
            "cid<1,2",
            "column 4: < takes one value; only : and = take several, with commas between",
        ),
        (
            "age=1h",
            "column 5: no time is exactly \"1h\" away; use connected_at<1h or connected_at>1h",
        ),
        (
            "ORDERS:writer",
            "column 1: unknown field \"ORDERS\"; fields are",
        ),
        ("!x:y", "column 2: unknown field \"x\""),
    ] {
        let problem = problem(written);

        assert!(problem.starts_with(message), "{written}: {problem}");
    }
}

#[test]
fn an_error_shows_what_was_typed_in_its_safe_form() {
    assert!(!problem("idle<\x1b[31m").contains('\x1b'));
}

#[test]
fn an_error_is_one_of_usage() {
    let explanation = parse("idle<soon").unwrap_err().explain();

    assert_eq!(explanation.code, Code::Usage);
    assert!(explanation.what.starts_with("not a filter: column 6: "));
}
