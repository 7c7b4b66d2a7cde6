//! The fields of a kind: type, range, default. A field that no row names is stored as it came, since
//! Google adds fields faster than anybody follows.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// A field of the body, by its path: `httpHealthCheck/port`.
#[derive(Debug)]
pub(crate) struct Field {
    path: &'static str,
    shape: Shape,
    default: Option<Default>,
}

#[derive(Debug)]
enum Shape {
    Integer(RangeInclusive<i64>),
    Number(RangeInclusive<f64>),
    OneOf(&'static [&'static str]),
    Text,
    Object,
    List,
}

#[derive(Debug)]
enum Default {
    Integer(i64),
    Text(&'static str),
}

/// A whole number in a range.
pub(crate) const fn integer(path: &'static str, range: RangeInclusive<i64>) -> Field {
    Field {
        path,
        shape: Shape::Integer(range),
        default: None,
    }
}

/// A number in a range.
pub(crate) const fn number(path: &'static str, range: RangeInclusive<f64>) -> Field {
    Field {
        path,
        shape: Shape::Number(range),
        default: None,
    }
}

/// One of some words.
pub(crate) const fn one_of(path: &'static str, words: &'static [&'static str]) -> Field {
    Field {
        path,
        shape: Shape::OneOf(words),
        default: None,
    }
}

/// Any text.
pub(crate) const fn text(path: &'static str) -> Field {
    Field {
        path,
        shape: Shape::Text,
        default: None,
    }
}

/// An object, whatever it holds.
pub(crate) const fn object(path: &'static str) -> Field {
    Field {
        path,
        shape: Shape::Object,
        default: None,
    }
}

/// A list, whatever it holds.
pub(crate) const fn list(path: &'static str) -> Field {
    Field {
        path,
        shape: Shape::List,
        default: None,
    }
}

impl Field {
    /// The number that the field has where the caller says nothing.
    pub(crate) const fn or(self, value: i64) -> Self {
        Self {
            default: Some(Default::Integer(value)),
            ..self
        }
    }

    /// The word that the field has where the caller says nothing.
    pub(crate) const fn or_word(self, value: &'static str) -> Self {
        Self {
            default: Some(Default::Text(value)),
            ..self
        }
    }

    fn check(&self, value: &Value) -> Result<(), ApiError> {
        let why = match &self.shape {
            Shape::Integer(range) => match value.as_i64() {
                Some(number) if range.contains(&number) => return Ok(()),
                _ => format!(
                    "It must be an integer from {} to {}.",
                    range.start(),
                    range.end()
                ),
            },
            Shape::Number(range) => match value.as_f64() {
                Some(number) if range.contains(&number) => return Ok(()),
                _ => format!(
                    "It must be a number from {} to {}.",
                    range.start(),
                    range.end()
                ),
            },
            Shape::OneOf(words) => match value.as_str() {
                Some(word) if words.contains(&word) => return Ok(()),
                _ => format!("It must be one of {}.", words.join(", ")),
            },
            Shape::Text if value.is_string() => return Ok(()),
            Shape::Object if value.is_object() => return Ok(()),
            Shape::List if value.is_array() => return Ok(()),
            Shape::Text => "It must be a string.".to_owned(),
            Shape::Object => "It must be an object.".to_owned(),
            Shape::List => "It must be a list.".to_owned(),
        };
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Err(ApiError::invalid(&resource_field(self.path), &value, &why))
    }

    /// Sets the default where the object around the field is there and the field is not.
    fn complete(&self, body: &mut Map<String, Value>) {
        let default = match self.default {
            Some(Default::Integer(value)) => json!(value),
            Some(Default::Text(value)) => json!(value),
            None => return,
        };
        match self.path.rsplit_once('/') {
            None => _ = body.entry(self.path).or_insert(default),
            Some((around, name)) => {
                if let Some(Value::Object(object)) = at_mut(body, around) {
                    object.entry(name).or_insert(default);
                }
            }
        }
    }
}

/// Google names a field of a body by its dotted path behind `resource`.
pub(crate) fn resource_field(path: &str) -> String {
    format!("resource.{}", path.replace('/', "."))
}

/// Sets defaults, then checks every field that is there. `null` means absent.
pub(crate) fn complete_and_check(
    fields: &[Field],
    required: &[&str],
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    body.retain(|_, value| !value.is_null());
    if let Some(missing) = required.iter().find(|path| at(body, path).is_none()) {
        return Err(ApiError::required(&resource_field(missing)));
    }
    for field in fields {
        field.complete(body);
        if let Some(value) = at(body, field.path) {
            field.check(value)?;
        }
    }
    Ok(())
}

/// The value at a path of keys.
pub(crate) fn at<'a>(body: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = body.get(first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        value.pointer(&format!("/{rest}"))
    }
}

/// The value at a path of keys, to be changed.
pub(crate) fn at_mut<'a>(body: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = body.get_mut(first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        value.pointer_mut(&format!("/{rest}"))
    }
}
