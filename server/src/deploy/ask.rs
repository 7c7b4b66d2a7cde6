//! Nothing is done that nobody has agreed to.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// What must be typed, and the flag that says it in advance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consent<'a> {
    pub(crate) question: &'a str,
    pub(crate) answer: &'a str,
    pub(crate) flag: &'a str,
}

/// Asks at a terminal. Elsewhere there is nobody to ask, and the flag is needed.
pub(crate) fn agreed(consent: Consent<'_>) -> Result<bool, Failure> {
    let Consent {
        question,
        answer,
        flag,
    } = consent;
    if !io::stdin().is_terminal() {
        return Err(Failure::input(format!(
            "there is no terminal to ask at: {flag} agrees to this plan"
        )));
    }
    print!("{question} Type {answer}: ");
    let fail = |error: io::Error| Failure::input_because("cannot ask", &error);
    io::stdout().flush().map_err(fail)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(fail)?;
    Ok(line.trim() == answer)
}
