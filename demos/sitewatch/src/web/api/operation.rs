use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::ServiceConfig;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, ResponseError, Route, guard, web};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::access::Access;
use super::query::refuse_unknown;
use super::{Problem, ProblemKind};

/// Makes the schema of an answer, and notes those that it refers to.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Something that can be asked for: what is served, and what is documented, is made of this.
pub(super) struct Operation {
    pub(super) method: Method,
    /// With `{parameters}`.
    pub(super) path: String,
    /// Its name for generated clients.
    pub(super) id: &'static str,
    /// What it does, in a sentence.
    pub(super) summary: &'static str,
    pub(super) access: Access,
    /// The properties are the keys of the query; no other is taken.
    pub(super) query: Option<Schema>,
    pub(super) answers: Vec<Answer>,
    /// The problems that it may answer with, besides those of every operation of its kind.
    pub(super) problems: Vec<ProblemKind>,
    route: Route,
}

/// An answer that is no problem.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    /// None for plain text.
    pub(super) schema: Option<SchemaOf>,
}

/// How it is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

impl Method {
    /// As the key in an OpenAPI document.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }

    /// What `Allow` says where it is the only one.
    fn allow(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
        }
    }
}

impl Operation {
    /// Looks at something; anyone may who may look.
    pub(super) fn get<F, A>(path: &str, id: &'static str, summary: &'static str, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let reads = guard::Any(guard::Get()).or(guard::Head());
        Self::new(Method::Get, path, id, summary, Access::Read, web::route().guard(reads).to(handler))
    }

    /// Changes something; only who may act may.
    pub(super) fn post<F, A>(path: &str, id: &'static str, summary: &'static str, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::Post, path, id, summary, Access::Act, web::post().to(handler))
    }

    fn new(method: Method, path: &str, id: &'static str, summary: &'static str, access: Access, route: Route) -> Self {
        let (query, answers, problems) = (None, Vec::new(), Vec::new());
        Self { method, path: path.to_owned(), id, summary, access, query, answers, problems, route }
    }

    /// The same for everybody, known or not.
    pub(super) fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    /// The same with a query.
    pub(super) fn query<Q: JsonSchema>(mut self) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.meta_schema = None;
            settings.inline_subschemas = true;
        });
        self.query = Some(settings.into_generator().into_root_schema_for::<Q>());
        self
    }

    /// The same with an answer in JSON.
    pub(super) fn json<T: JsonSchema>(self) -> Self {
        self.answer(200, "application/json", Some(SchemaGenerator::subschema_for::<T>))
    }

    /// The same with another answer.
    pub(super) fn answer(mut self, status: u16, media_type: &'static str, schema: Option<SchemaOf>) -> Self {
        self.answers.push(Answer { status, media_type, schema });
        self
    }

    /// The same with problems that it may answer with.
    pub(super) fn or(mut self, problems: &[ProblemKind]) -> Self {
        self.problems.extend(problems);
        self
    }

    /// The keys of its query, each with its schema.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&String, &Value)> {
        let properties = self.query.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        properties.into_iter().flatten()
    }

    /// Serves it: to whom it is for, with the query that it has, by its method alone.
    pub(super) fn mount(self, config: &mut ServiceConfig) {
        let allow = self.method.allow();
        let mut keys: Vec<String> = self.keys().map(|(key, _)| key.clone()).collect();
        keys.sort_unstable();
        let door = Rc::new(Door { access: self.access, keys });
        // The type of what is extracted before: nothing. It can't be inferred of a closure.
        let guarded = from_fn::<_, ()>(move |request: ServiceRequest, next: Next<BoxBody>| {
            let admitted = door.admit(request.request());
            async move {
                match admitted {
                    Ok(()) => next.call(request).await,
                    Err(problem) => Ok(request.into_response(problem.error_response())),
                }
            }
        });
        let refused = move || async move { method_not_allowed(allow) };
        let resource = web::resource(self.path).route(self.route.wrap(guarded));
        config.service(resource.default_service(web::to(refused)));
    }
}

/// What is looked at before an operation is.
struct Door {
    access: Access,
    keys: Vec<String>,
}

impl Door {
    fn admit(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.access.admit(request)?;
        refuse_unknown(request.query_string(), &self.keys)
    }
}

fn method_not_allowed(allow: &'static str) -> HttpResponse {
    let problem = Problem::new(ProblemKind::MethodNotAllowed, format!("this address takes {allow}"));
    let mut answer = problem.error_response();
    answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allow));
    answer
}

/// For addresses that nothing has.
pub(super) async fn no_such_path(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(ProblemKind::NoSuchPath, format!("nothing is at {}", request.path())))
}
