//! The JetStream streams of an account, as the servers that hold them tell. Making and changing them is not ours.

use super::error::SysError;
use super::gather::{Gathered, Patience, Question};
use super::subjects;
use super::system::SystemAccount;
use super::wire::jsz::{AccountStreams, StreamDetail, StreamSource};
use crate::inventory::stream::{Origin, StreamRow};
use crate::jwt::keys::AccountId;
use crate::text::Text;

impl SystemAccount {
    /// The streams of an account on each server. One without JetStream, or without the account, has none.
    pub(super) async fn ask_streams(
        &self,
        account: AccountId,
    ) -> Result<Gathered<Vec<StreamRow>>, SysError> {
        let question = Question::new(
            subjects::account_jsz(account),
            r#"{"streams":true,"config":true}"#,
        );
        let patience = Patience::ForAll(self.timeout());
        let told = self
            .ask_all::<AccountStreams>(&self.reads, question, patience)
            .await?;
        let told = told.map(|_, streams| streams.stream_detail.into_iter().map(row).collect());
        Ok(none_is_an_answer(told))
    }
}

/// A server says `jetstream not enabled`, `account "A…" not jetstream enabled` or `account "A…" not found` where it holds none.
fn none_is_an_answer(mut told: Gathered<Vec<StreamRow>>) -> Gathered<Vec<StreamRow>> {
    for said in told.said.iter_mut().chain(&mut told.foreign) {
        if let Err(error) = &said.answer
            && [
                "jetstream not enabled",
                "not jetstream enabled",
                "not found",
            ]
            .iter()
            .any(|end| error.raw().ends_with(end))
        {
            said.answer = Ok(Vec::new());
        }
    }
    told
}

fn row(told: StreamDetail) -> StreamRow {
    let (subjects, copies) = told.config.map_or_else(Default::default, |config| {
        let copied = config.mirror.into_iter().chain(config.sources);
        (patterns(config.subjects), copied.map(origin).collect())
    });
    StreamRow {
        name: told.name,
        subjects,
        copies,
    }
}

fn origin(told: StreamSource) -> Origin {
    let transformed = told.subject_transforms.into_iter().map(|one| one.src);
    let filters = transformed.chain([told.filter_subject]);
    Origin {
        stream: told.name,
        filters: patterns(filters.filter(|filter| !filter.is_empty()).collect()),
        is_near: told.external.is_none(),
    }
}

fn patterns(written: Vec<Text>) -> Vec<crate::jwt::subject::SubjectPattern> {
    written
        .into_iter()
        .filter_map(|subject| subject.try_into().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::shared;

    /// The streams that each server of a real cluster told of an account, in the one shape that both endpoints share.
    #[test]
    fn what_real_servers_told_says_what_a_stream_keeps() {
        let text = std::fs::read_to_string(shared("captures/jsz_full.json")).unwrap();
        let capture: serde_json::Value = serde_json::from_str(&text).unwrap();
        let details = capture["capture"].as_array().unwrap().iter();
        let details = details
            .filter_map(|reply| reply["data"]["account_details"].as_array())
            .flatten();

        let told: Vec<StreamRow> = details
            .map(|detail| serde_json::from_value::<AccountStreams>(detail.clone()).unwrap())
            .flat_map(|streams| streams.stream_detail.into_iter().map(row))
            .collect();

        assert!(!told.is_empty());
        for stream in told {
            assert_eq!(stream.name, "ORD".into());
            assert_eq!(stream.subjects, ["ord.>".parse().unwrap()]);
            assert!(stream.copies.is_empty());
        }
    }
}
