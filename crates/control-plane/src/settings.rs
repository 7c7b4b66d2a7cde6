use std::time::Duration;

/// How a control plane behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How often the cloud is asked.
    pub pace: Pace,
}

/// How often each source is read at most, however many people look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Within Google's quotas: Logging allows 60 reads a minute for a whole project, and its and
    /// Monitoring's data are minutes old anyway.
    Google,
    /// For the local cloud, where reading costs nothing and people watch.
    EverySecond,
}

impl Pace {
    pub(crate) fn compute(self) -> Duration {
        self.or_a_second(Duration::from_secs(5))
    }

    pub(crate) fn monitoring(self) -> Duration {
        self.or_a_second(Duration::from_secs(30))
    }

    pub(crate) fn logging(self) -> Duration {
        self.or_a_second(Duration::from_mins(1))
    }

    /// A week of minutes changes little from one minute to the next, and is a lot to read.
    pub(crate) fn recording(self) -> Duration {
        match self {
            Self::Google => Duration::from_mins(5),
            Self::EverySecond => Duration::from_secs(10),
        }
    }

    fn or_a_second(self, google: Duration) -> Duration {
        match self {
            Self::Google => google,
            // A little less, so that a reader with a timer of one second finds new data each time.
            Self::EverySecond => Duration::from_millis(900),
        }
    }
}
