//! `ACCOUNT.<id>.JSZ` as servers write it, as far as it says what streams keep.

use serde::Deserialize;

use super::nullable;
use crate::text::Text;

/// An account's streams on one server; a stream with replicas is told by each of them.
#[derive(Deserialize)]
pub(in crate::sys) struct AccountStreams {
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) stream_detail: Vec<StreamDetail>,
}

#[derive(Deserialize)]
pub(in crate::sys) struct StreamDetail {
    pub(in crate::sys) name: Text,
    #[serde(default)]
    pub(in crate::sys) config: Option<StreamConfig>,
}

#[derive(Deserialize)]
pub(in crate::sys) struct StreamConfig {
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) subjects: Vec<Text>,
    #[serde(default)]
    pub(in crate::sys) mirror: Option<StreamSource>,
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) sources: Vec<StreamSource>,
}

/// What a mirror or a source copies.
#[derive(Deserialize)]
pub(in crate::sys) struct StreamSource {
    #[serde(default)]
    pub(in crate::sys) name: Text,
    #[serde(default)]
    pub(in crate::sys) filter_subject: Text,
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) subject_transforms: Vec<SubjectTransform>,
    /// Another account or domain.
    #[serde(default)]
    pub(in crate::sys) external: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(in crate::sys) struct SubjectTransform {
    #[serde(default)]
    pub(in crate::sys) src: Text,
}
