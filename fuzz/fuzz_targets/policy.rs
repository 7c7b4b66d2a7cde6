//! Any JSON is a policy that can be written and read again, or is refused with words.

#![no_main]

use autoscaler::validate;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Value>(text) else {
        return;
    };
    match validate(&document) {
        Ok(policy) => {
            assert!(policy.min <= policy.max);
            assert_eq!(validate(&policy.to_value()), Ok(policy));
        }
        Err(violations) => {
            assert!(!violations.is_empty());
            for violation in violations {
                assert!(violation.field.starts_with("autoscalingPolicy"));
                assert!(violation.message.starts_with(&violation.field));
                assert!(violation.message.contains("it must be"));
            }
        }
    }
});
