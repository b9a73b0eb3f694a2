//! The log of the process: one event a line on the standard error, as text or JSON.
//!
//! Names, phones, addresses, texts of orders, tokens, codes and signatures never go into an event: it carries
//! identifiers and numbers. Types that hold personal data leave it out of their `Debug` form.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// What is logged unless said otherwise.
pub const DEFAULT_FILTER: &str = "info";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("'{filter}' is not a log filter ({source}); examples: info, docket_server=debug,warn")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The process has a log already.
    #[error("the log of this process is already set up")]
    Installed,
}

/// Starts the log of this process. Once.
pub fn install(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let colours = std::io::stderr().is_terminal();
    let subscriber = subscriber(format, filter, colours, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_already| TelemetryError::Installed)
}

/// A log that writes to `writer`.
fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    colours: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let parsed = EnvFilter::try_new(filter);
    let filter = parsed.map_err(|source| TelemetryError::Filter { filter: filter.to_owned(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours);
    Ok(match format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(duration_ms = 5, "a batch of {} was flushed", 3);
            tracing::debug!("not at this level");
        });
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_has_one_object_a_line_with_its_fields() {
        let text = logged(LogFormat::Json, DEFAULT_FILTER);
        let event: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!((&event["message"], &event["duration_ms"]), (&"a batch of 3 was flushed".into(), &5.into()));
    }

    #[test]
    fn text_is_read_alone() {
        let text = logged(LogFormat::Text, "docket_server=debug");
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("INFO") && text.contains("a batch of 3 was flushed duration_ms=5"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_shown() {
        let error = subscriber(LogFormat::Text, "docket=loud", false, std::io::sink).err().unwrap();
        assert!(error.to_string().starts_with("'docket=loud' is not a log filter"), "{error}");
    }
}
