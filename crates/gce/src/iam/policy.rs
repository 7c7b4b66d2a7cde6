use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::compute::wire::wire_struct;
use crate::request::Request;
use crate::{Client, Error};

/// How long a change is tried while others change the same policy, or while a new account is not
/// known everywhere.
const CONFLICT_PATIENCE: Duration = Duration::from_secs(30);
const ACCOUNT_PATIENCE: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The newest version of policies, without which conditions are lost.
const VERSION: i64 = 3;

wire_struct! {
    /// Who may do what with something.
    pub struct Policy {
        /// 3 where a binding has a condition.
        pub version: i64,
        /// Guards against overwriting somebody else's change.
        pub etag: Option<String>,
        /// A role each, and who has it.
        pub bindings: Vec<Binding>,
    }
}

wire_struct! {
    /// Who has a role, and under which condition.
    pub struct Binding {
        /// `roles/…`, or `projects/P/roles/…`.
        pub role: String,
        /// `serviceAccount:…`, `user:…`, `group:…`.
        pub members: Vec<String>,
        /// As Google has it; a binding with one is another than the same role without.
        pub condition: Option<Value>,
    }
}

impl Policy {
    /// Gives a role without conditions.
    pub fn grant(&mut self, role: &str, member: &str) {
        let plain = |binding: &&mut Binding| binding.role == role && binding.condition.is_none();
        match self.bindings.iter_mut().find(plain) {
            Some(binding) if binding.members.iter().any(|other| other == member) => {}
            Some(binding) => binding.members.push(member.to_owned()),
            None => self.bindings.push(Binding {
                role: role.to_owned(),
                members: vec![member.to_owned()],
                ..Binding::default()
            }),
        }
    }

    /// Takes a role without conditions away.
    pub fn revoke(&mut self, role: &str, member: &str) {
        for binding in &mut self.bindings {
            if binding.role == role && binding.condition.is_none() {
                binding.members.retain(|other| other != member);
            }
        }
        self.bindings.retain(|binding| !binding.members.is_empty());
    }

    /// Who has a role without conditions, in order.
    pub fn members(&self, role: &str) -> Vec<&str> {
        let plain = |binding: &&Binding| binding.role == role && binding.condition.is_none();
        let bindings = self.bindings.iter().filter(plain);
        let members = bindings.flat_map(|binding| &binding.members);
        let mut members: Vec<&str> = members.map(String::as_str).collect();
        members.sort_unstable();
        members
    }

    /// Whether somebody has a role without conditions.
    pub fn grants(&self, role: &str, member: &str) -> bool {
        self.bindings.iter().any(|binding| {
            binding.role == role
                && binding.condition.is_none()
                && binding.members.iter().any(|other| other == member)
        })
    }
}

/// What a policy belongs to, by the names of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyOf<'a> {
    /// The client's project.
    Project,
    /// A secret.
    Secret(&'a str),
    /// A repository: its location and its name.
    Repository(&'a str, &'a str),
    /// A service account, by its e-mail address: who may act as it.
    ServiceAccount(&'a str),
    /// What Identity-Aware Proxy guards, by the name of a global backend service: who may come in.
    Web(&'a str),
}

impl Client {
    /// Reads a policy, conditions included.
    pub async fn iam_policy(&self, of: PolicyOf<'_>) -> Result<Policy, Error> {
        let body = json!({"options": {"requestedPolicyVersion": VERSION}});
        let request = match of {
            PolicyOf::Project | PolicyOf::Web(_) => {
                let request = self.policy_request(Method::POST, of, "getIamPolicy")?;
                request.body(body).repeatable()
            }
            PolicyOf::ServiceAccount(_) => {
                let request = self.policy_request(Method::POST, of, "getIamPolicy")?;
                at_version(request).repeatable()
            }
            PolicyOf::Secret(_) | PolicyOf::Repository(..) => {
                at_version(self.policy_request(Method::GET, of, "getIamPolicy")?)
            }
        };
        self.send(&request).await
    }

    /// Changes a policy and nothing of what others change in it meanwhile: reads, changes, writes, and
    /// begins anew where somebody was faster, or where an account is too new to be known. `change` may
    /// therefore run several times. What changes nothing is not written.
    pub async fn change_iam_policy(
        &self,
        of: PolicyOf<'_>,
        change: impl Fn(&mut Policy),
    ) -> Result<Policy, Error> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let old = self.iam_policy(of).await?;
            let mut new = old.clone();
            change(&mut new);
            if new == old {
                return Ok(old);
            }
            new.version = VERSION;
            let request = self.policy_request(Method::POST, of, "setIamPolicy")?;
            let error = match self.send(&request.body(json!({ "policy": new }))).await {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            let patience = patience(&error);
            if started.elapsed() + pause > patience {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn policy_request(
        &self,
        method: Method,
        of: PolicyOf<'_>,
        verb: &str,
    ) -> Result<Request, Error> {
        let project = self.project();
        match of {
            PolicyOf::Project => {
                let call = format!("{project}:{verb}");
                self.beside(
                    method,
                    |at| &at.resource_manager,
                    &["v3", "projects", &call],
                )
            }
            PolicyOf::Secret(name) => {
                let path = [
                    "v1",
                    "projects",
                    project,
                    "secrets",
                    &format!("{name}:{verb}"),
                ];
                self.beside(method, |at| &at.secret_manager, &path)
            }
            PolicyOf::Repository(location, name) => {
                let call = format!("{name}:{verb}");
                let path = [
                    "v1",
                    "projects",
                    project,
                    "locations",
                    location,
                    "repositories",
                    &call,
                ];
                self.beside(method, |at| &at.artifact_registry, &path)
            }
            PolicyOf::ServiceAccount(email) => {
                let call = format!("{email}:{verb}");
                let path = ["v1", "projects", project, "serviceAccounts", &call];
                self.beside(method, |at| &at.iam, &path)
            }
            PolicyOf::Web(service) => {
                let call = format!("{service}:{verb}");
                let path = [
                    "v1", "projects", project, "iap_web", "compute", "services", &call,
                ];
                self.beside(method, |at| &at.iap, &path)
            }
        }
    }
}

fn at_version(request: Request) -> Request {
    let version = VERSION.to_string();
    request.query("options.requestedPolicyVersion", &version)
}

/// How long an error is worth another round.
fn patience(error: &Error) -> Duration {
    let text = error.to_string();
    let is_new_account = error.status() == Some(400)
        && text.contains("ervice account")
        && text.contains("does not exist");
    if is_new_account {
        ACCOUNT_PATIENCE
    } else if error.is_conflict() || error.retryable() {
        CONFLICT_PATIENCE
    } else {
        Duration::ZERO
    }
}
