//! To be written.
use crate::{facts::{FactBody, Head, Role}, ids::PersonId, lifecycle::view::OrderView};
#[derive(Debug, Clone)] pub struct Command;
#[derive(Debug, Clone)] pub struct Context { pub person: PersonId, pub roles: Vec<Role>, pub policy: Option<u32> }
#[derive(Debug, Clone)] pub struct Refusal { pub code: &'static str }
#[derive(Debug, Clone)] pub struct Decision { pub body: FactBody, pub head: Head }
pub fn decide(_: &OrderView, _: &Command, _: &Context) -> Result<Decision, Refusal> { Err(Refusal { code: "x" }) }
