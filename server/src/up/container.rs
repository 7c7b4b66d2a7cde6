//! The image of a file's deployment, on this machine before its instances are made.

use std::path::Path;

use control_plane::configuration::Configuration;
use gce_emulator::ContainerEngine;

use crate::{
    deploy::{Engine, Recipe, architecture},
    failure::Failure,
};

/// Builds an image from its Dockerfile, which is below the file's folder, or fetches the one that the
/// file names unless it is here.
pub(crate) async fn have_image(
    engine: ContainerEngine,
    configuration: &Configuration,
    image: &str,
    folder: &Path,
) -> Result<(), Failure> {
    let engine = match engine {
        ContainerEngine::Docker => Engine::Docker,
        ContainerEngine::Podman => Engine::Podman,
    };
    let Configuration {
        name, app, machine, ..
    } = configuration;
    let (setting, done) = match (&app.image, &app.dockerfile) {
        (None, Some(dockerfile)) => {
            let recipe = Recipe {
                name,
                folder,
                dockerfile,
                architecture: architecture(&machine.machine_type),
            };
            ("app.dockerfile", engine.build(recipe, image).await)
        }
        _ => ("app.image", engine.fetch(image).await),
    };
    done.map_err(|error| Failure::input_because(setting, &error))
}
