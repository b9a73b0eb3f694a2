//! The forms of commands as they are served: fields with their names, limits, units and choices, in both languages.
//!
//! What a form is, and how it is read, is the core's (`commands::form`); here it only takes a shape to be sent.

use std::sync::OnceLock;

use axum::Json;
use docket_sync_core::commands::CommandCode;
use docket_sync_core::commands::form::{FieldType, Form, FormField};
use docket_sync_core::limits;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::both::Both;
use crate::api::guard::{Permit, Reads};
use crate::error::ErrorBody;

/// The form of one command.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FormItem {
    /// The command.
    command: &'static str,
    /// Its name.
    text: Both,
    /// What is filled in, in this order.
    fields: Vec<FieldItem>,
    /// JSON Schema (draft 2020-12) of the same fields.
    #[schema(value_type = Object)]
    schema: serde_json::Value,
}

/// One field of a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldItem {
    /// Its name in the request.
    name: &'static str,
    /// Its name for people.
    text: Both,
    /// Whether it must be filled in.
    required: bool,
    #[serde(flatten)]
    content: FieldContent,
    /// Unit of its number, where it has one of its own.
    unit: Option<&'static str>,
    /// Kinds of the facts that it can name; empty is any.
    facts: Vec<&'static str>,
}

/// What may stand in a field.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum FieldContent {
    /// Words.
    Text {
        /// Most bytes of UTF-8.
        most: usize,
    },
    /// Yes or no.
    Flag,
    /// A whole number.
    Number {
        /// The least.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// Thousandths, or a decimal with up to three places as text.
    Thousandths,
    /// Milliseconds since 1970 UTC.
    Time,
    /// `{minor, currency}`.
    Amount,
    /// An id.
    Id {
        /// Of a `person`, `fact`, `review`, `order`, `record`, `device`, `attachment` or `digest`.
        of: &'static str,
    },
    /// One of these.
    Choice {
        /// Codes with their words.
        choices: Vec<ChoiceItem>,
    },
    /// Address of a file that was sent.
    File,
    /// Fields of its own.
    Group {
        /// Those.
        #[schema(no_recursion)]
        fields: Vec<FieldItem>,
    },
    /// Several of the same.
    List {
        /// Most of them.
        most: usize,
        /// What each is.
        #[schema(no_recursion)]
        item: Box<FieldContent>,
    },
    /// Made by the program: nothing is filled in.
    Made,
}

/// One choice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ChoiceItem {
    code: &'static str,
    text: Both,
}

impl FieldItem {
    fn of(field: &FormField) -> Self {
        Self {
            name: field.name,
            text: Both::of(|language| field.text(language).to_owned()),
            required: field.required,
            content: match (FieldContent::of(&field.field_type), field.most()) {
                (FieldContent::Number { least, .. }, Some(most)) => FieldContent::Number { least, most },
                (content, _) => content,
            },
            unit: field.unit(),
            facts: field.facts().iter().map(|kind| kind.code()).collect(),
        }
    }
}

impl FieldContent {
    fn of(field: &FieldType) -> Self {
        match field {
            FieldType::Text => Self::Text { most: limits::TEXT_BYTES_MAX },
            FieldType::Flag => Self::Flag,
            FieldType::Number(least, most) => Self::Number { least: *least, most: *most },
            FieldType::Thousandths => Self::Thousandths,
            FieldType::Time => Self::Time,
            FieldType::Amount => Self::Amount,
            FieldType::Id(of) => Self::Id { of },
            FieldType::Choice(family, codes) => {
                let item = |code: &&'static str| ChoiceItem { code, text: Both::coded(family, code) };
                Self::Choice { choices: codes.iter().map(item).collect() }
            }
            FieldType::File => Self::File,
            FieldType::Group(fields) => Self::Group { fields: fields.iter().map(FieldItem::of).collect() },
            FieldType::List(of) => Self::List { most: limits::LIST_MAX, item: Box::new(Self::of(of)) },
            FieldType::Made => Self::Made,
        }
    }
}

fn forms() -> &'static [FormItem] {
    static FORMS: OnceLock<Vec<FormItem>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let item = |(command, form): (CommandCode, Form)| FormItem {
            command: command.code(),
            text: Both::coded("command", command.code()),
            fields: form.fields.iter().map(FieldItem::of).collect(),
            schema: form.schema(),
        };
        Form::all().into_iter().map(item).collect()
    })
}

/// The forms of all commands: what `POST /api/orders/{id}/commands` takes beside the command's name.
#[utoipa::path(
    get, path = "/api/command-forms", tag = "orders",
    responses(
        (status = 200, description = "Forms, in the order of the commands", body = Vec<FormItem>),
        (status = 401, description = "not_logged_in", body = ErrorBody),
    )
)]
pub(crate) async fn list_forms(_: Permit<Reads>) -> Json<&'static [FormItem]> {
    std::future::ready(()).await;
    Json(forms())
}
