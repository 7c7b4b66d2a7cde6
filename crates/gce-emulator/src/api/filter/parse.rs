//! Tokens to an expression.
//!
//! ```text
//! any     = all { "OR" all }
//! all     = item { ["AND"] item }
//! item    = ("NOT" | "-") item | "(" any ")" | field operator value | text
//! value   = word | string | function "(" values ")" | "(" value { ("OR" | "AND") value } ")"
//! ```

use regex::Regex;

use super::{FilterError, lex::Token};

#[derive(Clone, Debug)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(Comparison),
    /// Any text value contains it, in whatever field.
    Text(String),
}

#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) path: Vec<String>,
    pub(super) test: Test,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Equal(String),
    Less(String),
    LessOrEqual(String),
    Greater(String),
    GreaterOrEqual(String),
    /// Logging's and AIP-160's `:`: contains, or is there at all for `*`.
    Has(String),
    Regex(Regex),
    StartsWith(String),
    EndsWith(String),
    OneOf(Vec<String>),
}

pub(super) fn parse(tokens: &[Token]) -> Result<Expression, FilterError> {
    let mut parser = Parser { tokens, at: 0 };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(unexpected(token)),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Token, FilterError> {
        let token = self
            .peek()
            .ok_or_else(|| FilterError("The filter ends too early.".into()))?;
        self.at += 1;
        Ok(token)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(taken);
        taken
    }

    fn any(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.all()?];
        while self.take_word("OR") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.item()?];
        loop {
            let joined = self.take_word("AND");
            let ends = match self.peek() {
                None | Some(Token::Close) => true,
                Some(Token::Word(word)) => word == "OR",
                Some(_) => false,
            };
            if ends && !joined {
                return Ok(single(parts, Expression::All));
            }
            parts.push(self.item()?);
        }
    }

    fn item(&mut self) -> Result<Expression, FilterError> {
        if self.take_word("NOT") {
            return Ok(Expression::Not(Box::new(self.item()?)));
        }
        match self.next()? {
            Token::Minus => Ok(Expression::Not(Box::new(self.item()?))),
            Token::Open => {
                let inner = self.any()?;
                self.close()?;
                Ok(inner)
            }
            Token::Quoted(text) => Ok(Expression::Text(text.clone())),
            Token::Word(word) => self.comparison(word),
            token => Err(unexpected(token)),
        }
    }

    fn comparison(&mut self, field: &str) -> Result<Expression, FilterError> {
        let operator = match self.peek() {
            Some(Token::Operator(operator)) => *operator,
            Some(Token::Word(word)) if word == "eq" => "eq",
            Some(Token::Word(word)) if word == "ne" => "ne",
            _ => return Ok(Expression::Text(field.to_owned())),
        };
        self.at += 1;
        let path: Vec<String> = field
            .split('.')
            .map(|part| part.replace('\u{0}', "."))
            .collect();
        self.value(&path, operator)
    }

    /// The value of a comparison, or a parenthesised choice of values.
    fn value(&mut self, path: &[String], operator: &str) -> Result<Expression, FilterError> {
        match self.next()? {
            Token::Word(name) if self.peek() == Some(&Token::Open) => {
                self.function(path, operator, name)
            }
            Token::Word(text) | Token::Quoted(text) => compare(path, operator, text),
            Token::Minus => match self.next()? {
                Token::Word(text) => compare(path, operator, &format!("-{text}")),
                token => Err(unexpected(token)),
            },
            Token::Open => {
                let mut alternatives = vec![];
                loop {
                    let mut together = vec![self.value(path, operator)?];
                    while self.take_word("AND") {
                        together.push(self.value(path, operator)?);
                    }
                    alternatives.push(single(together, Expression::All));
                    if !self.take_word("OR") {
                        break;
                    }
                }
                self.close()?;
                Ok(single(alternatives, Expression::Any))
            }
            token => Err(unexpected(token)),
        }
    }

    /// Monitoring's functions: `starts_with("x")`, `one_of("a", "b")`, ….
    fn function(
        &mut self,
        path: &[String],
        operator: &str,
        name: &str,
    ) -> Result<Expression, FilterError> {
        self.at += 1;
        let mut values = Vec::new();
        while let Token::Word(text) | Token::Quoted(text) = self.next()? {
            values.push(text.clone());
            match self.next()? {
                Token::Comma => {}
                Token::Close => break,
                token => return Err(unexpected(token)),
            }
        }
        let first = values.first().cloned().unwrap_or_default();
        let test = match name {
            "starts_with" => Test::StartsWith(first),
            "ends_with" => Test::EndsWith(first),
            "has_substring" => Test::Has(first),
            "one_of" => Test::OneOf(values),
            "monitoring.regex.full_match" => Test::Regex(whole(&first)?),
            _ => return Err(FilterError(format!("There is no function {name}."))),
        };
        Ok(negated(
            operator == "!=",
            Expression::Compare(Comparison {
                path: path.to_vec(),
                test,
            }),
        ))
    }

    fn close(&mut self) -> Result<(), FilterError> {
        match self.next()? {
            Token::Close => Ok(()),
            token => Err(unexpected(token)),
        }
    }
}

fn compare(path: &[String], operator: &str, text: &str) -> Result<Expression, FilterError> {
    let value = text.to_owned();
    let test = match operator {
        "=" | "!=" => Test::Equal(value),
        "<" => Test::Less(value),
        "<=" => Test::LessOrEqual(value),
        ">" => Test::Greater(value),
        ">=" => Test::GreaterOrEqual(value),
        "=~" | "!~" => Test::Regex(regex(text)?),
        // Compute's older dialect: a regular expression that the whole value must match.
        "eq" | "ne" => Test::Regex(whole(text)?),
        _ => Test::Has(value),
    };
    let negative = matches!(operator, "!=" | "!~" | "ne");
    Ok(negated(
        negative,
        Expression::Compare(Comparison {
            path: path.to_vec(),
            test,
        }),
    ))
}

fn whole(pattern: &str) -> Result<Regex, FilterError> {
    regex(&format!("^(?:{pattern})$"))
}

fn regex(pattern: &str) -> Result<Regex, FilterError> {
    Regex::new(pattern)
        .map_err(|_| FilterError(format!("'{pattern}' is not a valid regular expression.")))
}

fn negated(negative: bool, expression: Expression) -> Expression {
    if negative {
        Expression::Not(Box::new(expression))
    } else {
        expression
    }
}

fn single(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        join(parts)
    }
}

fn unexpected(token: &Token) -> FilterError {
    FilterError(match token {
        Token::Open => "There is a '(' where none can be.".into(),
        Token::Close => "There is a ')' without its '('.".into(),
        Token::Comma => "There is a ',' where none can be.".into(),
        Token::Minus => "There is a '-' where none can be.".into(),
        Token::Operator(operator) => format!("There is no field before '{operator}'."),
        Token::Word(text) | Token::Quoted(text) => format!("'{text}' is not expected here."),
    })
}
