//! The customer's copy as one page of HTML: read, printed and kept without any program of ours, and verified from
//! the bytes that lie in it (U-22).
//!
//! The page is a pure function of the copy in it. So whoever verifies it makes it again and compares: a page that
//! shows anything else than what was signed is named by the field that differs. It loads nothing and runs nothing.
//!
//! Format, frozen: `schemas/copy-page.md`; golden bytes: `schemas/golden/voucher/page.hex`.

use core::fmt::Write as _;

use super::copy::{Answer, CustomerCopy, Problem, Report, verify_copy};
use super::labels::{filled, label, text};
use super::render::grade_key;
use super::strokes::Strokes;
use super::{Proof, VerificationCode, Voucher};
use crate::facts::values::OpinionGrade;
use crate::proof::certificate::Fingerprint;
use crate::reference::Language;
use crate::{DecodeError, limits};

/// What a page begins with.
const BEGIN: &str = "<!DOCTYPE html>\n";
const OPEN: &str = "<script type=\"text/plain\" id=\"docket-copy\">\n";
const CLOSE: &str = "</script>\n";
/// Characters on a line of the embedded bytes (RFC 2045).
const COLUMNS: usize = 76;
const STYLE: &str = include_str!("page.css");

impl CustomerCopy {
    /// The copy as one page.
    ///
    /// # Errors
    /// When the proof cannot be read: there is nothing to show.
    pub fn to_page(&self) -> Result<String, DecodeError> {
        let proof = Proof::from_bytes(&self.proof)?;
        let language = proof.voucher.header.language;
        let code = proof.statement.code();
        let mut page = Page { html: String::new(), language };
        page.head(&proof.voucher);
        page.voucher(&proof.voucher);
        page.signature(&proof);
        page.verification(&proof, code);
        page.html.push_str("</main>\n");
        page.html.push_str(OPEN);
        let encoded = data_encoding::BASE64.encode(&self.to_bytes());
        for line in encoded.as_bytes().chunks(COLUMNS) {
            page.html.push_str(&String::from_utf8_lossy(line));
            page.html.push('\n');
        }
        page.html.push_str(CLOSE);
        page.html.push_str("</body>\n</html>\n");
        Ok(page.html)
    }
}

impl Voucher {
    /// The voucher on paper, to be signed by hand (U-09): what the customer reads, room for what he writes, and the
    /// code under which the paper is entered.
    #[must_use]
    pub fn to_print(&self) -> String {
        let language = self.header.language;
        let mut page = Page { html: String::new(), language };
        page.head(self);
        page.voucher(self);
        page.line(&format!("<h2>{}</h2>", page.text("voucher.page.signature")));
        page.line("<table class=\"blank\">");
        let grades = OpinionGrade::ALL.iter().map(|grade| format!("\u{2610} {}", text(grade_key(*grade), language)));
        let grades = grades.collect::<Vec<_>>().join("\u{3000}");
        for (path, of, value) in [
            ("name", "signed_by", ""),
            ("relation", "relation", ""),
            ("opinion", "opinion", &grades),
            ("claimed", "signed_at", ""),
        ] {
            page.row(path, &label(of, language), value);
        }
        page.line("</table>");
        page.line("<p class=\"sign\"></p>");
        let code = VerificationCode(self.digest());
        page.line("<table>");
        page.row("document", &label("document", language), &self.header.document.to_string());
        page.row("store", &label("fingerprint", language), &self.header.fingerprint.to_string());
        page.row("voucher", &label("digest", language), &self.digest().to_string());
        page.row("code", &label("short_code", language), &code.short());
        page.line("</table>");
        page.qr(code);
        page.html.push_str("</main>\n</body>\n</html>\n");
        page.html
    }
}

/// Verifies a customer's copy in either form: the bytes alone, or the page.
#[must_use]
pub fn verify_file(bytes: &[u8], expected: Option<Fingerprint>) -> Report {
    if !bytes.starts_with(BEGIN.as_bytes()) {
        return verify_copy(bytes, expected);
    }
    let embedded = match embedded(bytes) {
        Ok(embedded) => embedded,
        Err(error) => return Report::unreadable(error, expected),
    };
    let mut report = verify_copy(&embedded, expected);
    if report.intact == Answer::Yes {
        let made = CustomerCopy::from_bytes(&embedded).and_then(|copy| copy.to_page());
        let shown = made.map_or_else(|_| Some("page".to_owned()), |page| first_difference(&page, bytes));
        if let Some(path) = shown {
            report.intact = Answer::No(Problem::Field(path.clone()));
            report.first_difference = Some(path);
        }
    }
    report
}

/// The bytes of the copy in a page.
fn embedded(page: &[u8]) -> Result<Vec<u8>, DecodeError> {
    const WHAT: &str = "customer's copy (page)";
    if page.len() > limits::COPY_PAGE_BYTES_MAX {
        let problem = format!("{} bytes, at most {}", page.len(), limits::COPY_PAGE_BYTES_MAX);
        return Err(DecodeError::new(WHAT, problem));
    }
    let page = str::from_utf8(page).map_err(|error| DecodeError::new(WHAT, error.to_string()))?;
    let begin = page.split_once(OPEN).map(|(_, rest)| rest);
    let lines = begin.and_then(|rest| rest.split_once(CLOSE)).map(|(lines, _)| lines);
    let lines = lines.ok_or_else(|| DecodeError::new(WHAT, "the bytes of the copy are not in it"))?;
    let encoded: String = lines.lines().collect();
    data_encoding::BASE64.decode(encoded.as_bytes()).map_err(|error| DecodeError::new(WHAT, error.to_string()))
}

/// The path of the field in which `found` differs from `made`; `page` outside of every field.
fn first_difference(made: &str, found: &[u8]) -> Option<String> {
    let made = made.as_bytes();
    let at = made.iter().zip(found).position(|(made, found)| made != found);
    let at = match at {
        Some(at) => at,
        None if made.len() == found.len() => return None,
        None => made.len().min(found.len()),
    };
    let mut end = 0_usize;
    for row in String::from_utf8_lossy(made).split_inclusive('\n') {
        end = end.saturating_add(row.len());
        if at < end {
            let path = row.split_once("data-path=\"").and_then(|(_, rest)| rest.split_once('"'));
            return Some(path.map_or("page", |(path, _)| path).to_owned());
        }
    }
    Some("page".to_owned())
}

struct Page {
    html: String,
    language: Language,
}

impl Page {
    fn text(&self, key: &'static str) -> String {
        escaped(text(key, self.language))
    }

    fn head(&mut self, voucher: &Voucher) {
        let header = &voucher.header;
        let serial = voucher.value("order.serial").map_or_else(|| header.document.to_string(), str::to_owned);
        let title = format!("{} {}", self.text("voucher.title"), escaped_line(&serial));
        let language = header.language.code();
        self.html.push_str(BEGIN);
        self.line(&format!("<html lang=\"{language}\">"));
        self.line("<head>");
        self.line("<meta charset=\"utf-8\">");
        self.line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        self.line("<meta name=\"generator\" content=\"docket-page-1\">");
        self.line(&format!("<title>{title}</title>"));
        self.line("<style>");
        self.html.push_str(STYLE);
        self.line("</style>");
        self.line("</head>");
        self.line("<body>");
        self.line("<main>");
        self.line(&format!("<h1>{title}</h1>"));
    }

    fn voucher(&mut self, voucher: &Voucher) {
        self.line("<table>");
        for leaf in &voucher.leaves {
            let value = leaf.value().unwrap_or_else(|| text("voucher.value.erased", self.language)).to_owned();
            self.row(&leaf.path, &label(&leaf.label, self.language), &value);
        }
        self.line("</table>");
    }

    fn signature(&mut self, proof: &Proof) {
        let statement = &proof.statement;
        self.line(&format!("<h2>{}</h2>", self.text("voucher.page.signature")));
        let drawing = drawing(&proof.strokes);
        self.line(&format!("<svg data-path=\"strokes\" class=\"drawn\" {drawing}</svg>"));
        self.line("<table>");
        let language = self.language;
        self.row("name", &label("signed_by", language), &statement.name);
        self.row("relation", &label("relation", language), &statement.relation);
        self.row("opinion.grade", &label("opinion", language), text(grade_key(statement.opinion.grade), language));
        if let Some(words) = &statement.opinion.text {
            self.row("opinion.text", &label("opinion", language), words);
        }
        self.row("claimed", &label("signed_at", language), &statement.claimed.to_string());
        self.row("device", &label("device", language), &statement.device.to_string());
        self.line("</table>");
    }

    fn verification(&mut self, proof: &Proof, code: VerificationCode) {
        let header = &proof.voucher.header;
        let language = self.language;
        self.line(&format!("<h2>{}</h2>", self.text("voucher.page.verification")));
        self.line(&format!("<p>{}</p>", escaped(&filled("voucher.page.how", language, &[]))));
        self.line("<table>");
        self.row("document", &label("document", language), &header.document.to_string());
        self.row("header", &label("template", language), &format!("{} {}", header.template, header.template_version));
        self.row("store", &label("fingerprint", language), &header.fingerprint.to_string());
        self.row("voucher", &label("digest", language), &proof.voucher.digest().to_string());
        self.row("code", &label("code", language), &code.to_string());
        self.line("</table>");
        self.qr(code);
    }

    fn qr(&mut self, code: VerificationCode) {
        let modules = code.qr_modules();
        let mut path = String::new();
        for (y, row) in modules.iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
                // A string takes whatever is written.
                write!(path, "M{x} {y}h1v1h-1z").unwrap_or_default();
            }
        }
        let side = modules.len();
        self.line(&format!(
            "<svg data-path=\"qr\" class=\"qr\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>"
        ));
    }

    fn row(&mut self, path: &str, label: &str, value: &str) {
        let (path, label) = (escaped_line(path), escaped_line(label));
        let value = escaped_line(value);
        self.line(&format!("<tr data-path=\"{path}\"><th>{label}</th><td>{value}</td></tr>"));
    }

    fn line(&mut self, line: &str) {
        self.html.push_str(line);
        self.html.push('\n');
    }
}

/// The drawing in quarter pixels.
fn drawing(strokes: &Strokes) -> String {
    let (width, height) = (u32::from(strokes.width).saturating_mul(4), u32::from(strokes.height).saturating_mul(4));
    let mut path = String::new();
    for stroke in &strokes.strokes {
        for (index, point) in stroke.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            write!(path, "{letter}{} {}", point.x, point.y).unwrap_or_default();
        }
    }
    format!("viewBox=\"0 0 {width} {height}\"><path d=\"{path}\"/>")
}

/// Text inside an element or an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}

/// The same on one line of the page: a line break of a text is an element of its own, other control characters and
/// those that turn the direction of writing are shown as missing.
fn escaped_line(text: &str) -> String {
    let shown = |char: char| match char {
        '\n' => char,
        char if char.is_control() => '\u{fffd}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => '\u{fffd}',
        char => char,
    };
    escaped(&text.chars().map(shown).collect::<String>()).replace('\n', "<br>")
}
