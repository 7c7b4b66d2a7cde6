//! Log lines as Cloud Logging reads them from a container: one JSON object each, whose special
//! fields become those of the entry (Cloud Logging, "Structured logging").

use std::{fmt, io::Write};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::MakeWriter,
    layer::Context,
    registry::{LookupSpan, Scope},
};

/// Fields with this prefix become the entry's `httpRequest`.
const HTTP_REQUEST: &str = "http_request.";
const SOURCE: &str = "logging.googleapis.com/sourceLocation";

/// Writes every event as one line.
#[derive(Debug)]
pub(super) struct GoogleLayer<W> {
    project: Option<String>,
    writer: W,
}

impl<W> GoogleLayer<W> {
    /// `project` completes the names of traces.
    pub(super) fn new(project: Option<String>, writer: W) -> Self {
        Self { project, writer }
    }
}

impl<S, W> Layer<S> for GoogleLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        let spans = context.event_scope(event).into_iter();
        for span in spans.flat_map(Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.extend(outer);
            }
        }
        event.record(&mut fields);
        let mut line = fields
            .into_entry(event.metadata(), self.project.as_deref())
            .to_string();
        line.push('\n');
        // A log that cannot be written has nowhere to say so. One write keeps the line in one piece.
        drop(self.writer.make_writer().write_all(line.as_bytes()));
    }
}

/// The fields of a span or an event by their names in the entry.
#[derive(Debug, Default)]
struct Fields {
    http: Map<String, Value>,
    rest: Map<String, Value>,
}

impl Fields {
    fn extend(&mut self, other: &Self) {
        self.http.extend(other.http.clone());
        self.rest.extend(other.rest.clone());
    }

    fn put(&mut self, field: &Field, value: Value) {
        match field.name().strip_prefix(HTTP_REQUEST) {
            Some(name) => self.http.insert(camel_case(name), value),
            None => self.rest.insert(field.name().to_owned(), value),
        };
    }

    /// The whole entry. Where a field bears the name of a special one, the special one wins.
    fn into_entry(self, metadata: &Metadata<'_>, project: Option<&str>) -> Value {
        let Self {
            http,
            rest: mut entry,
        } = self;
        let status = http.get("status").and_then(Value::as_u64);
        move_trace(&mut entry, project);
        entry.entry("message").or_insert_with(|| json!(""));
        entry.insert(
            "severity".to_owned(),
            json!(severity(*metadata.level(), status)),
        );
        entry.insert("time".to_owned(), json!(jiff::Timestamp::now().to_string()));
        entry.insert("target".to_owned(), json!(metadata.target()));
        if !http.is_empty() {
            entry.insert("httpRequest".to_owned(), Value::Object(http));
        }
        if let (Some(file), Some(line)) = (metadata.file(), metadata.line()) {
            let module = metadata.module_path().unwrap_or_default();
            // The line is an int64, which Google's JSON writes as text.
            let source = json!({"file": file, "line": line.to_string(), "function": module});
            entry.insert(SOURCE.to_owned(), source);
        }
        Value::Object(entry)
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(format!("{value:?}")));
    }
}

/// Gives what the span of a request knows about its trace the names that join entries to it.
fn move_trace(entry: &mut Map<String, Value>, project: Option<&str>) {
    if let Some(Value::String(id)) = entry.remove("trace_id") {
        let name = project.map_or_else(
            || id.clone(),
            |project| format!("projects/{project}/traces/{id}"),
        );
        entry.insert("logging.googleapis.com/trace".to_owned(), json!(name));
    }
    for (ours, googles) in [
        ("span_id", "logging.googleapis.com/spanId"),
        ("trace_sampled", "logging.googleapis.com/trace_sampled"),
    ] {
        if let Some(value) = entry.remove(ours) {
            entry.insert(googles.to_owned(), value);
        }
    }
}

/// A request's line is as severe as its answer, as Cloud Run has it; any other as its level says.
fn severity(level: Level, status: Option<u64>) -> &'static str {
    match (status, level) {
        (Some(500..), _) | (None, Level::ERROR) => "ERROR",
        (Some(400..), _) | (None, Level::WARN) => "WARNING",
        (Some(_), _) | (None, Level::INFO) => "INFO",
        (None, _) => "DEBUG",
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name.push_str(&initial.to_ascii_uppercase());
        name.push_str(rest);
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requests_line_is_as_severe_as_its_answer() {
        assert_eq!(severity(Level::INFO, Some(200)), "INFO");
        assert_eq!(severity(Level::INFO, Some(404)), "WARNING");
        assert_eq!(severity(Level::INFO, Some(503)), "ERROR");
        assert_eq!(severity(Level::WARN, None), "WARNING");
        assert_eq!(severity(Level::TRACE, None), "DEBUG");
    }

    #[test]
    fn names_of_a_request_are_googles() {
        assert_eq!(camel_case("remote_ip"), "remoteIp");
        assert_eq!(camel_case("status"), "status");
    }
}
