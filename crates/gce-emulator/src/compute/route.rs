//! From a path to a call of the engine.

use axum::http::Method;
use serde_json::Value;

use super::{
    answer::Answer,
    call::Call,
    catalog,
    engine::{self, How},
    images, lists, operations, quotas,
    table::{self, Row},
    utilization,
};
use crate::{
    api::Cloud,
    error::ApiError,
    resource::{Key, Kind, Scope},
};

/// Answers a call under `/compute/v1/`: `segments` begin with `projects`.
pub(crate) async fn answer(
    cloud: &Cloud,
    method: &Method,
    segments: &[&str],
    call: Call,
) -> Result<Answer, ApiError> {
    let [_, project, rest @ ..] = segments else {
        return Err(unknown_path(segments));
    };
    if let ["global", "images", name @ ..] = rest
        && (images::is_published_by(project) || *project == cloud.store().project())
        && method == Method::GET
    {
        return images::answer(project, name, &call).map(Answer::from);
    }
    if *project != cloud.store().project() {
        return Err(ApiError::not_found(&format!("projects/{project}")));
    }
    match (method, rest) {
        (&Method::GET, []) => {
            let mut shown = catalog::project(project);
            shown["quotas"] = quotas::of_project(cloud);
            Ok(shown.into())
        }
        (&Method::GET, ["aggregated", collection]) => {
            lists::aggregated(cloud, kind(collection)?, &call)
        }
        (_, ["zones" | "regions"]) => collection(cloud, method, rest[0], Scope::Global, call).await,
        (_, ["zones", zone]) => one(cloud, method, Key::global(Kind::Zone, *zone), call).await,
        (_, ["regions", region]) => {
            one(cloud, method, Key::global(Kind::Region, *region), call).await
        }
        (_, ["global", rest @ ..]) => scoped(cloud, method, Scope::Global, rest, call).await,
        (_, ["zones", zone, rest @ ..]) => {
            scoped(cloud, method, Scope::Zone((*zone).to_owned()), rest, call).await
        }
        (_, ["regions", region, rest @ ..]) => {
            scoped(
                cloud,
                method,
                Scope::Region((*region).to_owned()),
                rest,
                call,
            )
            .await
        }
        // Google's odd paths: these verbs have no `global` in them.
        (
            &Method::POST,
            [
                collection @ ("targetHttpProxies" | "targetHttpsProxies"),
                name,
                verb,
            ],
        ) => {
            let key = Key::global(kind(collection)?, *name);
            let answer = engine::verb(cloud, row(key.kind)?, key, verb, call).await?;
            Ok(answer.into())
        }
        _ => Err(unknown_path(&segments[2..])),
    }
}

async fn scoped(
    cloud: &Cloud,
    method: &Method,
    scope: Scope,
    rest: &[&str],
    call: Call,
) -> Result<Answer, ApiError> {
    check_scope(&scope)?;
    match rest {
        [name] => collection(cloud, method, name, scope, call).await,
        [collection, name] => {
            one(
                cloud,
                method,
                Key::new(kind(collection)?, scope, *name),
                call,
            )
            .await
        }
        [collection, name, verb] => {
            let key = Key::new(kind(collection)?, scope, *name);
            nested(cloud, method, key, verb, call).await
        }
        _ => Err(unknown_path(rest)),
    }
}

/// A call on a whole collection.
async fn collection(
    cloud: &Cloud,
    method: &Method,
    name: &str,
    scope: Scope,
    mut call: Call,
) -> Result<Answer, ApiError> {
    let kind = kind(name)?;
    if method == Method::GET {
        check_place(kind, &scope)?;
        return lists::list(cloud, kind, &scope, &call);
    }
    let row = writable(kind, "insert", &scope)?;
    let answer = match *method {
        Method::POST if row.allowed.insert => engine::insert(cloud, row, scope, call).await,
        // An autoscaler is changed at its collection, with its name in the query or in the body.
        Method::PATCH | Method::PUT if kind == Kind::Autoscaler => {
            let given = call
                .query
                .remove("autoscaler")
                .filter(|name| !name.is_empty());
            let in_body = || {
                call.body
                    .get("name")
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            let name = given
                .or_else(in_body)
                .ok_or_else(|| ApiError::required("autoscaler"))?;
            engine::change(cloud, row, Key::new(kind, scope, name), how(method), call).await
        }
        _ => Err(not_emulated(kind, &scope, &method_name(method))),
    };
    answer.map(Answer::from)
}

/// A call on one resource.
async fn one(cloud: &Cloud, method: &Method, key: Key, call: Call) -> Result<Answer, ApiError> {
    if method == Method::GET {
        check_place(key.kind, &key.scope)?;
        // No resource has capitals in its name: `listUsable` is a method.
        if key.name.contains(|c: char| c.is_ascii_uppercase()) {
            return Err(not_emulated(key.kind, &key.scope, &key.name));
        }
        let mut shown = engine::get(cloud, &key)?;
        let views = call.query.get("views").map(String::as_str);
        if key.kind == Kind::Subnetwork && views == Some("WITH_UTILIZATION") {
            utilization::tell(cloud, &key, &mut shown);
        }
        return Ok(Answer::from(shown));
    }
    if key.kind == Kind::Operation && method == Method::DELETE {
        return operations::delete(cloud, key).await.map(Answer::from);
    }
    let row = writable(key.kind, &method_name(method), &key.scope)?;
    let answer = match *method {
        Method::PATCH | Method::PUT if row.allowed.change && key.kind != Kind::Autoscaler => {
            engine::change(cloud, row, key, how(method), call).await
        }
        Method::DELETE if row.allowed.delete => engine::delete(cloud, row, key, call).await,
        _ => Err(not_emulated(key.kind, &key.scope, &method_name(method))),
    };
    answer.map(Answer::from)
}

/// A verb of one resource, or something to read below it.
async fn nested(
    cloud: &Cloud,
    method: &Method,
    key: Key,
    verb: &str,
    call: Call,
) -> Result<Answer, ApiError> {
    if key.kind == Kind::Operation && verb == "wait" && method == Method::POST {
        return operations::wait(cloud, &key).await.map(Answer::from);
    }
    let row = writable(key.kind, verb, &key.scope)?;
    // What only reads may be asked for with GET; nothing else may.
    let reads = matches!(verb, "listErrors" | "serialPort");
    let answer = match (method, reads) {
        (&Method::GET, true) | (&Method::POST, false) => {
            engine::verb(cloud, row, key, verb, call).await
        }
        _ => Err(not_emulated(key.kind, &key.scope, verb)),
    };
    answer.map(Answer::from)
}

fn how(method: &Method) -> How {
    if method == Method::PUT {
        How::Replace
    } else {
        How::Patch
    }
}

fn method_name(method: &Method) -> String {
    match *method {
        Method::POST => "insert".to_owned(),
        Method::PUT => "update".to_owned(),
        _ => method.as_str().to_lowercase(),
    }
}

fn kind(collection: &str) -> Result<Kind, ApiError> {
    Kind::from_collection(collection)
        .filter(|kind| kind.is_of_compute())
        .ok_or_else(|| ApiError::not_emulated(&format!("The collection '{collection}'")))
}

fn row(kind: Kind) -> Result<&'static Row, ApiError> {
    table::row(kind).ok_or_else(|| not_emulated(kind, &Scope::Global, "this method"))
}

/// The row of a kind that can be written to in a scope.
fn writable(kind: Kind, verb: &str, scope: &Scope) -> Result<&'static Row, ApiError> {
    let row = table::row(kind).ok_or_else(|| not_emulated(kind, scope, verb))?;
    check_place(kind, scope)?;
    Ok(row)
}

fn check_place(kind: Kind, scope: &Scope) -> Result<(), ApiError> {
    let lives = match table::row(kind) {
        Some(row) => row.lives_in(scope),
        None => kind == Kind::Operation || catalog::serves_in(kind, scope),
    };
    if lives {
        return Ok(());
    }
    let what = format!(
        "The collection '{}' in the scope '{scope}'",
        kind.collection()
    );
    Err(ApiError::not_emulated(&what))
}

fn check_scope(scope: &Scope) -> Result<(), ApiError> {
    if catalog::knows(scope) {
        return Ok(());
    }
    Err(match scope {
        Scope::Region(name) => ApiError::invalid("region", name, "Unknown region."),
        Scope::Zone(name) => ApiError::invalid("zone", name, "Unknown zone."),
        Scope::Global => ApiError::bad_request("Unknown scope."),
    })
}

fn not_emulated(kind: Kind, scope: &Scope, verb: &str) -> ApiError {
    ApiError::not_emulated(&format!("compute.{}.{verb}", kind.method_group(scope)))
}

fn unknown_path(segments: &[&str]) -> ApiError {
    ApiError::not_emulated(&format!("The path '{}'", segments.join("/")))
}
