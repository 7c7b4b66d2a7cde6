use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a form wants to change: only the fields it edits, `None` for those it leaves alone.
///
/// Values are JSON and not numbers, so that what a person typed reaches the validation that names
/// the field, the value and the allowed range: see [`PolicyEdit::typed`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyEdit {
    /// `ON`, `OFF` or `ONLY_SCALE_OUT`.
    pub mode: Option<String>,
    /// `minNumReplicas`
    pub min: Option<Value>,
    /// `maxNumReplicas`
    pub max: Option<Value>,
    /// `cpuUtilization.utilizationTarget`, a fraction.
    pub cpu_target: Option<Value>,
    /// `coolDownPeriodSec`
    pub initialization_s: Option<Value>,
    /// `stabilizationPeriodSec`
    pub stabilization_s: Option<Value>,
}

impl PolicyEdit {
    /// The value that somebody typed: a number if it reads as one, else the text, which validation
    /// will refuse with its own sentence.
    pub fn typed(text: &str) -> Value {
        let text = text.trim();
        if let Ok(whole) = text.parse::<i64>() {
            return whole.into();
        }
        let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        number.map_or_else(|| text.into(), Value::Number)
    }
}
