//! The command line, as clap reads it. Texts come from the message catalogue: see [`super::help`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::forms::{Check, ShowForms};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "docket-device", version, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    #[arg(long, global = true, value_name = "en|zh")]
    pub(super) lang: Option<String>,
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    Enrol(Enrol),
    List(List),
    Show(Show),
    Accept(Order),
    Refuse(WithReason),
    Depart(Order),
    Arrive(Order),
    Start(Order),
    Pause(WithReason),
    Resume(Order),
    End(Order),
    #[command(subcommand)]
    Part(PartAction),
    #[command(subcommand)]
    Labour(LabourAction),
    #[command(subcommand)]
    Photo(PhotoAction),
    Document(Document),
    Attachments(Order),
    Fetch(Fetch),
    Note(Note),
    Form(ShowForms),
    Check(Check),
    Done(Done),
    Unfinished(Unfinished),
    Voucher(Voucher),
    Sign(Sign),
    Copy(Copy),
    SignByCode(SignByCode),
    Print(Print),
    Paper(Paper),
    Seal(Seal),
    RefuseSignature(RefuseSignature),
    Emergency(Fields),
    Act(Act),
    Offers(Order),
    Numbers,
    Draft(Draft),
    Witness(Witness),
    Confirm(Confirm),
    Countersign(Countersign),
    Bundle(Bundle),
    Receive(Receive),
    Sync(Sync),
    Held,
    Status,
}

/// Fields of a form: `name=value`, `goods.name=value`, `lines='[...]'`.
#[derive(Debug, Args)]
pub(super) struct Fields {
    #[arg(value_name = "FIELD=VALUE")]
    pub(super) fields: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Act {
    #[arg(value_name = "COMMAND")]
    pub(super) act: String,
    pub(super) order: Option<String>,
    #[arg(value_name = "FIELD=VALUE")]
    pub(super) fields: Vec<String>,
}

/// The customer signs for his goods, when they leave or when they are back.
#[derive(Debug, Args)]
pub(super) struct Countersign {
    #[arg(value_name = "COMMAND", value_parser = ["take_custody", "return_custody"])]
    pub(super) act: String,
    pub(super) order: String,
    #[arg(value_name = "FIELD=VALUE")]
    pub(super) fields: Vec<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) from: PathBuf,
    #[arg(long)]
    pub(super) name: String,
    #[arg(long)]
    pub(super) relation: String,
}

#[derive(Debug, Args)]
pub(super) struct Draft {
    #[arg(value_name = "COMMAND")]
    pub(super) act: String,
    pub(super) order: String,
    #[arg(value_name = "FIELD=VALUE")]
    pub(super) fields: Vec<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Witness {
    #[arg(value_name = "FILE")]
    pub(super) draft: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub(super) to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Confirm {
    #[arg(value_name = "FILE")]
    pub(super) draft: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub(super) witness: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Enrol {
    #[arg(long, value_name = "URL")]
    pub(super) server: String,
    #[arg(long)]
    pub(super) code: String,
    #[arg(long)]
    pub(super) fingerprint: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    pub(super) order: String,
    #[arg(long, value_name = "FACT")]
    pub(super) known_to: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Order {
    pub(super) order: String,
}

#[derive(Debug, Args)]
pub(super) struct WithReason {
    pub(super) order: String,
    #[arg(long)]
    pub(super) reason: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum PartAction {
    Add(PartAdd),
}

#[derive(Debug, Args)]
pub(super) struct PartAdd {
    pub(super) order: String,
    #[arg(long)]
    pub(super) name: String,
    #[arg(long, default_value = "1")]
    pub(super) quantity: String,
    #[arg(long, default_value = "piece")]
    pub(super) unit: String,
    #[arg(long)]
    pub(super) amount: Option<String>,
    #[arg(long)]
    pub(super) currency: Option<String>,
    #[arg(long)]
    pub(super) code: Option<String>,
    #[arg(long)]
    pub(super) serial: Option<String>,
    #[arg(long, default_value = "van", value_parser = ["van", "customer", "unknown"])]
    pub(super) source: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum LabourAction {
    Add(LabourAdd),
}

#[derive(Debug, Args)]
pub(super) struct LabourAdd {
    pub(super) order: String,
    #[arg(long)]
    pub(super) hours: String,
    #[arg(long)]
    pub(super) name: Option<String>,
    #[arg(long)]
    pub(super) amount: Option<String>,
    #[arg(long)]
    pub(super) currency: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Note {
    pub(super) order: String,
    pub(super) text: String,
}

#[derive(Debug, Args)]
pub(super) struct Done {
    pub(super) order: String,
    #[arg(long)]
    pub(super) finding: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Unfinished {
    pub(super) order: String,
    #[arg(long, value_parser = ["parts", "customer", "weather", "skill", "other"])]
    pub(super) reason: String,
    #[arg(long)]
    pub(super) text: Option<String>,
    #[arg(long, value_name = "FROM/TO")]
    pub(super) next: Option<String>,
    #[arg(long, requires = "relation")]
    pub(super) customer: Option<String>,
    #[arg(long, requires = "customer")]
    pub(super) relation: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Voucher {
    pub(super) order: String,
    #[arg(long, value_name = "en|zh")]
    pub(super) customer_lang: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Sign {
    pub(super) order: String,
    #[arg(long, value_name = "FILE")]
    pub(super) from: PathBuf,
    #[command(flatten)]
    pub(super) words: Words,
    #[arg(long, value_name = "en|zh")]
    pub(super) customer_lang: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) copy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Copy {
    pub(super) order: String,
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// What the customer says beside his agreement.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[arg(long)]
    pub(super) name: String,
    #[arg(long)]
    pub(super) relation: String,
    #[arg(long, value_parser = ["none_given", "satisfied", "acceptable", "dissatisfied"])]
    pub(super) opinion: String,
    #[arg(long)]
    pub(super) comment: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct SignByCode {
    pub(super) order: String,
    #[arg(long)]
    pub(super) number: u32,
    #[arg(long)]
    pub(super) code: String,
    #[command(flatten)]
    pub(super) words: Words,
    #[arg(long, value_name = "en|zh")]
    pub(super) customer_lang: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Print {
    pub(super) order: String,
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    #[arg(long, value_name = "en|zh")]
    pub(super) customer_lang: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Seal {
    pub(super) order: String,
    #[arg(long, value_name = "FILE")]
    pub(super) photo: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RefuseSignature {
    pub(super) order: String,
    #[arg(long)]
    pub(super) name: String,
    #[arg(long)]
    pub(super) reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Bundle {
    #[arg(value_name = "FILE", required_unless_present = "qr")]
    pub(super) file: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub(super) qr: Option<PathBuf>,
    #[arg(long = "order", value_name = "ORDER")]
    pub(super) orders: Vec<String>,
    #[arg(long)]
    pub(super) unsent: bool,
}

#[derive(Debug, Args)]
pub(super) struct Receive {
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Sync {
    #[arg(long)]
    pub(super) live: bool,
    #[arg(long = "for", value_name = "SECONDS", requires = "live")]
    pub(super) seconds: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PhotoAction {
    Add(PhotoAdd),
}

#[derive(Debug, Args)]
pub(super) struct PhotoAdd {
    pub(super) order: String,
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[arg(long)]
    pub(super) name: String,
}

#[derive(Debug, Args)]
pub(super) struct Paper {
    pub(super) order: String,
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[arg(long)]
    pub(super) name: String,
    #[arg(long)]
    pub(super) relation: String,
    #[arg(long = "signed-at", value_name = "TIME")]
    pub(super) signed_at: String,
    #[arg(long, default_value = "none_given", value_parser = ["none_given", "satisfied", "acceptable", "dissatisfied"])]
    pub(super) opinion: String,
    #[arg(long)]
    pub(super) code: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Document {
    pub(super) order: String,
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[arg(long)]
    pub(super) demand: String,
    #[arg(long)]
    pub(super) reference: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Fetch {
    pub(super) order: String,
    #[arg(value_name = "DIGEST")]
    pub(super) attachment: String,
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}
