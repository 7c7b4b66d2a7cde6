//! Any text is a cron expression that keeps its words, or is refused.

#![no_main]

use autoscaler::Cron;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(cron) = text.parse::<Cron>() {
        assert_eq!(cron.as_str(), text);
        assert_eq!(cron.to_string().parse::<Cron>(), Ok(cron));
    }
});
