//! The fields of a kind: type, range, default. A field that no row names is stored as it came, since
//! Google adds fields faster than anybody follows.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::paths::{all, at, drop_nulls, each};
use crate::error::ApiError;

/// A field of the body, by its path: `httpHealthCheck/port`, `backends/*/maxRate`.
#[derive(Debug)]
pub(crate) struct Field {
    path: &'static str,
    shape: Shape,
    default: Option<Default>,
    /// Words that Google has for it and this cloud does not act on.
    elsewhere: &'static [&'static str],
}

#[derive(Debug)]
enum Shape {
    Integer(RangeInclusive<i64>),
    Number(RangeInclusive<f64>),
    OneOf(&'static [&'static str]),
    Flag,
    Text,
    Object,
    List,
}

#[derive(Debug)]
enum Default {
    Integer(i64),
    Text(&'static str),
    Flag(bool),
}

const fn field(path: &'static str, shape: Shape) -> Field {
    Field {
        path,
        shape,
        default: None,
        elsewhere: &[],
    }
}

/// A whole number in a range.
pub(crate) const fn integer(path: &'static str, range: RangeInclusive<i64>) -> Field {
    field(path, Shape::Integer(range))
}

/// A number in a range.
pub(crate) const fn number(path: &'static str, range: RangeInclusive<f64>) -> Field {
    field(path, Shape::Number(range))
}

/// One of some words.
pub(crate) const fn one_of(path: &'static str, words: &'static [&'static str]) -> Field {
    field(path, Shape::OneOf(words))
}

/// True or false.
pub(crate) const fn flag(path: &'static str) -> Field {
    field(path, Shape::Flag)
}

/// Any text.
pub(crate) const fn text(path: &'static str) -> Field {
    field(path, Shape::Text)
}

/// An object, whatever it holds.
pub(crate) const fn object(path: &'static str) -> Field {
    field(path, Shape::Object)
}

/// A list, whatever it holds.
pub(crate) const fn list(path: &'static str) -> Field {
    field(path, Shape::List)
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

    /// The truth that the field has where the caller says nothing.
    pub(crate) const fn or_flag(self, value: bool) -> Self {
        Self {
            default: Some(Default::Flag(value)),
            ..self
        }
    }

    /// Words that are right at Google, and refused here as not emulated.
    pub(crate) const fn unlike(self, words: &'static [&'static str]) -> Self {
        Self {
            elsewhere: words,
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
                Some(word) if self.elsewhere.contains(&word) => {
                    let what = format!("The value '{word}' of '{}'", resource_field(self.path));
                    return Err(ApiError::not_emulated(&what));
                }
                _ => format!("It must be one of {}.", words.join(", ")),
            },
            Shape::Flag if value.is_boolean() => return Ok(()),
            Shape::Text if value.is_string() => return Ok(()),
            Shape::Object if value.is_object() => return Ok(()),
            Shape::List if value.is_array() => return Ok(()),
            Shape::Flag => "It must be true or false.".to_owned(),
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
    fn complete(&self, body: &mut Map<String, Value>) -> Result<(), ApiError> {
        let default = match self.default {
            Some(Default::Integer(value)) => json!(value),
            Some(Default::Text(value)) => json!(value),
            Some(Default::Flag(value)) => json!(value),
            None => return Ok(()),
        };
        let Some((around, name)) = self.path.rsplit_once('/') else {
            body.entry(self.path).or_insert(default);
            return Ok(());
        };
        each(body, around, &mut |object| {
            if let Value::Object(object) = object {
                object.entry(name).or_insert_with(|| default.clone());
            }
            Ok(())
        })
    }
}

/// Google names a field of a body by its dotted path behind `resource`.
pub(crate) fn resource_field(path: &str) -> String {
    format!("resource.{}", path.replace("/*", "").replace('/', "."))
}

/// Sets defaults, then checks every field that is there. `null` means absent.
pub(crate) fn complete_and_check(
    fields: &[Field],
    required: &[&str],
    body: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    drop_nulls(body);
    if let Some(missing) = required.iter().find(|path| at(body, path).is_none()) {
        return Err(ApiError::required(&resource_field(missing)));
    }
    for field in fields {
        field.complete(body)?;
        for value in all(body, field.path) {
            field.check(value)?;
        }
    }
    Ok(())
}
