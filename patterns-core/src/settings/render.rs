use config::{Value, ValueKind};

/// Longest value that a report quotes, in characters.
const LONGEST: usize = 60;

/// A value as JSON would write it, on one line and not too long.
pub(super) fn render(value: &Value) -> String {
    let text = match value.kind {
        // JSON has no word for these.
        ValueKind::Float(value) if !value.is_finite() => value.to_string().to_lowercase(),
        _ => to_json(value).to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

fn to_json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Nil => serde_json::Value::Null,
        ValueKind::Boolean(value) => (*value).into(),
        ValueKind::I64(value) => (*value).into(),
        ValueKind::U64(value) => (*value).into(),
        // Wider than JSON's numbers: no source makes them.
        ValueKind::I128(value) => value.to_string().into(),
        ValueKind::U128(value) => value.to_string().into(),
        ValueKind::Float(value) => (*value).into(),
        ValueKind::String(text) => text.as_str().into(),
        ValueKind::Array(list) => list.iter().map(to_json).collect(),
        ValueKind::Table(table) => table.iter().map(|(key, value)| (key.clone(), to_json(value))).collect(),
    }
}
