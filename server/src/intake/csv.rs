//! Lines and fields of a CSV file in which one record is exactly one line. Knows no columns.
//!
//! Quoting after RFC 4180 is honoured where a line is well-formed by itself. Files of other systems hold quotes
//! that are not (backslashes before quotes, quotes inside plain fields); a reader that follows such a quote to the
//! next one swallows hundreds of lines into one field. Here a quote never reaches beyond its line: a line with
//! broken quoting is split by fixed numbers of fields from the left and from the right, around the one column
//! that holds free text, and reported where even that does not fit.

use std::borrow::Cow;

/// Lines of a file, numbered from 1, without their ends (LF or CRLF).
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `bytes`, whose byte order mark, if any, is no part of the first one.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes), number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end.and_then(|end| self.rest.split_at_checked(end)) {
            Some((line, rest)) => (line, rest.get(1..).unwrap_or_default()),
            None => (self.rest, [].as_slice()),
        };
        self.rest = rest;
        self.number = self.number.saturating_add(1);
        Some((self.number, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

/// Why a line is not a row of the wanted number of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitError {
    /// More or fewer fields than the header has.
    FieldCount,
    /// Quotes that fit neither RFC 4180 nor the fixed columns.
    Quoting,
}

/// Which commas may belong to the free text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surplus {
    /// Only those of a line with broken quoting: other columns may hold commas too, so a line with too many
    /// fields cannot be put right by guessing.
    Refuse,
    /// Also those of a line without quotes that has too many fields: no other column can hold a comma.
    BelongsToText,
}

/// The fields of `line`: `columns` of them, free text in the one at index `text`.
pub fn split(line: &str, columns: usize, text: usize, surplus: Surplus) -> Result<Vec<Cow<'_, str>>, SplitError> {
    match strict(line) {
        Some(fields) if fields.len() == columns => Ok(fields),
        Some(fields) if fields.len() > columns && surplus == Surplus::BelongsToText => {
            around_text(line, columns, text).ok_or(SplitError::FieldCount)
        }
        Some(_) => Err(SplitError::FieldCount),
        None => around_text(line, columns, text).ok_or(SplitError::Quoting),
    }
}

/// The fields of a line that is well-formed by itself (RFC 4180, 2.5 to 2.7).
#[must_use]
pub fn strict(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = field(rest)?;
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

/// The first field of `rest`, and what follows its comma, if there is one. `None` when its quoting is broken.
fn field(rest: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(quoted) = rest.strip_prefix('"') else {
        let (field, after) = match rest.split_once(',') {
            Some((field, after)) => (field, Some(after)),
            None => (rest, None),
        };
        return (!field.contains('"')).then_some((Cow::Borrowed(field), after));
    };
    let mut text = String::new();
    let mut left = quoted;
    loop {
        let (part, after) = left.split_once('"')?;
        text.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            text.push('"');
            left = more;
        } else if after.is_empty() {
            return Some((Cow::Owned(text), None));
        } else {
            return after.strip_prefix(',').map(|after| (Cow::Owned(text), Some(after)));
        }
    }
}

/// Splits well-formed fields from the left, plain ones from the right; what is between them is the text.
fn around_text(line: &str, columns: usize, text: usize) -> Option<Vec<Cow<'_, str>>> {
    let mut fields = Vec::with_capacity(columns);
    let mut rest = line;
    for _ in 0..text {
        let (field, after) = field(rest)?;
        fields.push(field);
        rest = after?;
    }
    let mut right = Vec::new();
    for _ in text.saturating_add(1)..columns {
        let (before, field) = rest.rsplit_once(',')?;
        if field.contains('"') {
            return None;
        }
        right.push(Cow::Borrowed(field));
        rest = before;
    }
    fields.push(free_text(rest));
    fields.extend(right.into_iter().rev());
    Some(fields)
}

/// Free text as it was meant: the quotes around it removed and doubled ones made single, everything else kept.
fn free_text(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_lf_or_crlf_and_have_numbers() {
        let lines = |bytes| Lines::new(bytes).collect::<Vec<_>>();
        assert_eq!(lines(b"\xEF\xBB\xBFa\r\nb\n\nc"), [(1, b"a".as_slice()), (2, b"b"), (3, b""), (4, b"c")]);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), [(1, b"".as_slice())]);
    }

    #[test]
    fn well_formed_quoting_is_honoured() {
        let cases: [(&str, Option<&[&str]>); 10] = [
            ("a,b", Some(&["a", "b"])),
            ("", Some(&[""])),
            (",", Some(&["", ""])),
            (r#""a,b",c"#, Some(&["a,b", "c"])),
            (r#"a,"say ""no""""#, Some(&["a", r#"say "no""#])),
            (r#"""",""""#, Some(&["\",\""])),
            (r#"a"b,c"#, None),
            (r#""a"b,c"#, None),
            (r#""a,b"#, None),
            (r#""a""#, Some(&["a"])),
        ];
        for (line, expected) in cases {
            let fields = strict(line);
            let fields: Option<Vec<&str>> = fields.as_ref().map(|all| all.iter().map(AsRef::as_ref).collect());
            assert_eq!(fields.as_deref(), expected, "{line}");
        }
    }

    fn check(line: &str, surplus: Surplus, expected: Result<&str, SplitError>) {
        let fields = split(line, 5, 2, surplus);
        assert_eq!(fields.as_ref().map(|fields| fields[2].as_ref()).map_err(|error| *error), expected, "{line}");
        if let Ok(fields) = fields {
            let others: Vec<&str> = [0, 1, 3, 4].map(|at| fields[at].as_ref()).to_vec();
            assert_eq!(others, ["2001-01-01", "A", "PM01", "0"], "{line}");
        }
    }

    #[test]
    fn a_quote_never_reaches_beyond_its_line() {
        use Surplus::{BelongsToText, Refuse};
        // Backslashes are plain characters; these lines are well-formed by themselves.
        check(r#"2001-01-01,A,"fault on \B\"" line""",PM01,0"#, Refuse, Ok(r#"fault on \B\" line""#));
        check(r#"2001-01-01,A,"radio \x\""""",PM01,0"#, Refuse, Ok(r#"radio \x\"""#));
        // These are not.
        check(r#"2001-01-01,A,"fault on \"B\" line, left",PM01,0"#, Refuse, Ok(r#"fault on \"B\" line, left"#));
        check(r#"2001-01-01,A,blown "O" ring, leaking,PM01,0"#, Refuse, Ok(r#"blown "O" ring, leaking"#));
        check(r#"2001-01-01,A,"never closed, leaking,PM01,0"#, Refuse, Ok(r#""never closed, leaking"#));
        check(r#"2001-01-01,A,6" pipe,PM01,0"#, Refuse, Ok(r#"6" pipe"#));
        check(r#"2001-01-01,A,x,PM01,"0"#, Refuse, Err(SplitError::Quoting));
        check(r#"2001-01-01,A,"half a record"#, Refuse, Err(SplitError::Quoting));
        check("2001-01-01,A,leak, left,PM01,0", BelongsToText, Ok("leak, left"));
        check("2001-01-01,A,leak, left,PM01,0", Refuse, Err(SplitError::FieldCount));
        check("2001-01-01,A,PM01,0", BelongsToText, Err(SplitError::FieldCount));
    }
}
