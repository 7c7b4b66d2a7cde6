//! Breaking the local cloud from the console, and mending it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::{Answer, FORM, LocalCloud, ask, get, log_in, until};

/// Somebody at the console of a local cloud.
struct Visitor<'a> {
    cloud: &'a LocalCloud,
    cookie: String,
}

impl<'a> Visitor<'a> {
    fn new(cloud: &'a LocalCloud) -> Self {
        let cookie = log_in(cloud.site, cloud.password.as_deref().unwrap()).unwrap();
        Self { cloud, cookie }
    }

    fn page(&self) -> String {
        let cookie = [("cookie", self.cookie.as_str())];
        let page = ask(self.cloud.site, "GET", "/admin/faults", &cookie, "").unwrap();
        assert_eq!(page.status, 200);
        page.body
    }

    fn post(&self, function: &str, form: &str) -> Answer {
        let cookie = ("cookie", self.cookie.as_str());
        let origin = format!("http://{}", self.cloud.site);
        let headers = [FORM, cookie, ("accept", "text/html"), ("origin", &origin)];
        let path = format!("/api/admin/fault/{function}");
        ask(self.cloud.site, "POST", &path, &headers, form).unwrap()
    }
}

fn faults(cloud: &LocalCloud) -> Vec<serde_json::Value> {
    let listed = get(cloud.api, "/_emulator/faults").unwrap().body;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    listed["faults"].as_array().unwrap().clone()
}

#[test]
fn a_crash_from_the_console_kills_the_instance_and_autohealing_brings_it_back() {
    let state = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(state.path());
    let visitor = Visitor::new(&cloud);
    assert!(visitor.page().contains("Nothing fails on purpose."));

    let victim = cloud.instances()[0].clone();
    let (name, pid) = (victim["name"].as_str().unwrap(), victim["pid"].as_u64());
    let form = format!("fault[type]=crash&fault[instance]={name}&fault[minutes]=5");
    // The instance that answers may be the one that dies, so its answer says nothing.
    visitor.post("start", &form);
    until("another process in place of the one that crashed", || {
        let instances = cloud.instances();
        let now = instances.iter().find(|one| one["name"] == name)?;
        (now["pid"].as_u64().is_some() && now["pid"].as_u64() != pid).then_some(())
    });

    let page = visitor.page();
    assert!(page.contains(&format!("Instance {name}")), "{page}");
    let id = faults(&cloud)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(visitor.post("stop", &format!("id={id}")).status, 302);
    assert!(visitor.page().contains("Nothing fails on purpose."));
    assert!(faults(&cloud).is_empty());
    cloud.stop();
}

#[test]
fn every_form_of_the_page_is_understood_by_the_local_cloud_and_a_wrong_one_changes_nothing() {
    let state = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(state.path());
    let visitor = Visitor::new(&cloud);
    for kind in app::console::faults::KINDS {
        let fields = kind.inputs.iter().map(|input| {
            // Nothing of that name exists, so nothing of the cloud is disturbed meanwhile.
            let value = match input.name {
                "instance" | "zone" | "method" => "nothing-of-this-name",
                _ => input.suggested,
            };
            format!("&fault[{}]={value}", input.name)
        });
        let fields: String = fields.collect();
        let form = format!("fault[type]={}&fault[minutes]=1{fields}", kind.id);
        visitor.post("start", &form);
    }
    let started: Vec<_> = faults(&cloud)
        .iter()
        .map(|active| active["fault"]["type"].clone())
        .collect();
    let known: Vec<&str> = app::console::faults::KINDS
        .iter()
        .map(|kind| kind.id)
        .collect();
    assert_eq!(started, known);

    let refused = visitor.post("start", "fault[type]=quota&fault[instances]=-3");
    assert!(refused.header("set-cookie").unwrap().contains("flash=-"));
    assert_eq!(faults(&cloud).len(), known.len());
    let again = visitor.post("stop", "id=4711");
    assert!(again.header("set-cookie").unwrap().contains("longer+on"));
    cloud.stop();
}
