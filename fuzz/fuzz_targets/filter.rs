//! Any text is a filter that keeps its words, or has a place where it is not one.

#![no_main]

use autoscaler::MetricFilter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<MetricFilter>() {
        Ok(filter) => assert_eq!(filter.as_str(), text),
        Err(error) => assert!(
            (1..=text.chars().count() + 1).contains(&error.at),
            "{error}"
        ),
    }
});
