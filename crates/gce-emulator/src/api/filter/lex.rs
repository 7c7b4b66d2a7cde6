//! Text to tokens.

use super::FilterError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Minus,
    /// `= != < <= > >= : =~ !~`
    Operator(&'static str),
    /// A bare word: a field path, a keyword, an unquoted value.
    Word(String),
    /// A quoted string, unescaped.
    Quoted(String),
}

/// Longer ones first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 9] = ["!=", "<=", ">=", "=~", "!~", "=", "<", ">", ":"];

pub(super) fn lex(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut rest = text.trim_start();
    let mut tokens: Vec<Token> = Vec::new();
    while let Some(first) = rest.chars().next() {
        let operator = OPERATORS
            .into_iter()
            .find(|operator| rest.starts_with(operator));
        let (token, length) = match (first, operator) {
            ('(', _) => (Token::Open, 1),
            (')', _) => (Token::Close, 1),
            (',', _) => (Token::Comma, 1),
            ('-', _) if !follows_operator(&tokens) => (Token::Minus, 1),
            (_, Some(operator)) => (Token::Operator(operator), operator.len()),
            ('"' | '\'', _) => quoted(rest, first)?,
            _ => word(rest, follows_operator(&tokens)),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// After an operator comes a value, in which `-`, `:` and the like are ordinary characters.
fn follows_operator(tokens: &[Token]) -> bool {
    match tokens.last() {
        Some(Token::Operator(_)) => true,
        Some(Token::Word(word)) => matches!(word.as_str(), "eq" | "ne"),
        _ => false,
    }
}

fn quoted(text: &str, quote: char) -> Result<(Token, usize), FilterError> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                // Only the quote and the backslash are escaped; `\.` and `\b` are regular
                // expressions, which must reach their parser as they are.
                Some((_, escaped)) if escaped == quote || escaped == '\\' => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            _ if character == quote => return Ok((Token::Quoted(value), at + 1)),
            _ => value.push(character),
        }
    }
    Err(FilterError(format!(
        "The string {text} has no closing quote."
    )))
}

/// A field path may quote its segments: `resource.labels."zone"`.
fn word(text: &str, is_value: bool) -> (Token, usize) {
    let mut word = String::new();
    let mut end = 0;
    while let Some(character) = text[end..].chars().next() {
        let ends = match character {
            '(' | ')' | ',' => true,
            '=' | '!' | '<' | '>' | ':' => !is_value,
            _ => character.is_whitespace(),
        };
        if ends {
            break;
        }
        if character == '"' && word.ends_with('.') {
            let Ok((Token::Quoted(segment), length)) = quoted(&text[end..], '"') else {
                break;
            };
            // A dot inside a quoted segment belongs to its name.
            word.push_str(&segment.replace('.', "\u{0}"));
            end += length;
        } else {
            word.push(character);
            end += character.len_utf8();
        }
    }
    (
        Token::Word(word),
        end.max(text.chars().next().map_or(1, char::len_utf8)),
    )
}
