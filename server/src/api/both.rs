//! A text in both languages of the product, from the message catalogues.

use docket_sync_core::lifecycle::Language;
use docket_sync_core::lifecycle::messages::coded;
use serde::Serialize;
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Both {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

impl Both {
    /// What `tell` says in each language.
    pub fn of(tell: impl Fn(Language) -> String) -> Self {
        Self { en: tell(Language::En), zh: tell(Language::Zh) }
    }

    /// The sentence for a coded value of the lifecycle's catalogue: `state.ready`.
    #[must_use]
    pub fn coded(group: &str, code: &str) -> Self {
        Self::of(|language| coded(group, code, language).to_owned())
    }
}
