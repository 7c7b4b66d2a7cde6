use std::fmt::Write as _;

/// What is known about an app before somebody has written its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// The deployment's name.
    pub name: String,
    /// The project's id, if it is known.
    pub project: Option<String>,
    /// Where the app listens.
    pub port: u16,
    /// The path that answers 200 when it can serve.
    pub health_path: String,
    /// Whether there is a Dockerfile.
    pub dockerfile: bool,
    /// What was found out, and where: a comment's lines.
    pub findings: Vec<String>,
}

impl Sketch {
    /// The text of a commented `flaskscale.toml`, in which every setting stands with its default.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# What `flaskscale deploy` makes. Lines that begin with # are comments or defaults.\n",
        );
        for finding in &self.findings {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# {finding}");
        }
        let project = match &self.project {
            Some(project) => format!("project = \"{project}\""),
            None => "# project = \"my-project-123\"   # else GOOGLE_CLOUD_PROJECT".to_owned(),
        };
        let dockerfile = if self.dockerfile { "" } else { "# " };
        let Self {
            name,
            port,
            health_path,
            ..
        } = self;
        let _ = write!(
            text,
            r#"
name = "{name}"              # every resource's name begins with it
{project}
regions = ["us-central1"]    # a group in each; or zones = ["us-central1-a"]

[app]
# image = "us-central1-docker.pkg.dev/PROJECT/REPOSITORY/app:TAG"   # else --image, or the one in service
{dockerfile}dockerfile = "Dockerfile"  # built, pushed and run, where no image is named
port = {port}                  # where the container listens; it is told in PORT
health_path = "{health_path}"      # answers 200 when the app can serve
# console = false            # true for FlaskScale's own image: its console steers this deployment
# stop_seconds = 30          # from SIGTERM to SIGKILL, 1 to 60

[app.environment]
# LOG_LEVEL = "info"

[app.secrets]                # names and versions in Secret Manager, never values
# DATABASE_URL = "database-url/1"

[console]                    # FlaskScale's console on each instance too, at https://console.DOMAIN
# image = "us-central1-docker.pkg.dev/PROJECT/REPOSITORY/flaskscale:TAG"
# port = 5001

[machine]
type = "e2-small"
# disk_gb = 10
# boot_image = "projects/cos-cloud/global/images/family/cos-125-lts"
# service_account = "web-vm@my-project.iam.gserviceaccount.com"   # else one of the deployment's own
# network = "default"
# subnetwork = "default"
# external_ip = true         # without one, Cloud NAT is needed to fetch the image

[machine.labels]
# team = "web"

[scaling]                    # of a new deployment; later the policy belongs to its owner
min = 2
max = 6
cpu = 0.5                    # the mean utilization to keep
# initialization_seconds = 60

[site]
# domain = "app.example.com" # then with a certificate of Google's
# https = true
# redirect = true            # from HTTP to HTTPS, once the certificate is there
# iap_members = ["user:ada@example.com"]   # whom Identity-Aware Proxy lets in; else everybody
# timeout_seconds = 30
# draining_seconds = 60      # for running requests, before an instance is stopped

[update]
surge = 1                    # instances beyond the size while a new version comes; in a region at least 3
unavailable = 0              # instances that may be missing meanwhile
"#
        );
        text
    }
}
