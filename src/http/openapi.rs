//! The API description: what the routes say of themselves, completed by rules.
//!
//! Query parameters come from the tables that also read them; the problems an operation can give follow from what it
//! takes: a body, a sign-in, a thing in its address, a condition.

use super::admin::audit::AUDIT_LIST;
use super::admin::stock::{MOVEMENT_LIST, STOCK_LIST};
use super::parameters::*;
use super::problem::Problem;
use super::{BASE, api_described};
use rocket_okapi::okapi::openapi3::{
    Header, Info, License, MediaType, Object, OpenApi, Operation, Parameter as OpenApiParameter, ParameterValue, RefOr,
    Response, Server, Tag,
};
use rocket_okapi::okapi::schemars::schema::{InstanceType, NumberValidation, Schema, SchemaObject};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The description of the whole API, made anew. What is served was made before and lies in `static/openapi.json`: making it
/// takes a tenth of the program.
pub fn document() -> OpenApi {
    let mut api = api_described();
    api.openapi = "3.0.3".to_owned();
    api.info = Info {
        title: "Nexus".to_owned(),
        description: Some(INTRODUCTION.to_owned()),
        license: Some(License { name: "MIT".to_owned(), url: None, ..License::default() }),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Info::default()
    };
    api.servers = vec![Server { url: BASE.to_owned(), description: Some("Version 1".to_owned()), ..Server::default() }];
    api.tags = vec![
        tag("Catalog", "Products, variants and categories."),
        tag("Selling", "Carts, checkout, orders and payments."),
        tag("Accounts", "Registering, signing in, and what is one's own."),
        tag("Users", "User administration."),
        tag("Administration", "What those who run the shop use."),
    ];
    let mut generator = rocket_okapi::r#gen::OpenApiGenerator::new(&rocket_okapi::settings::OpenApiSettings::new());
    let problem = generator.json_schema::<Problem>();
    for (path, item) in &mut api.paths {
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                complete(path, method, operation, &problem);
            }
        }
    }
    let components = api.components.get_or_insert_with(Default::default);
    for (name, schema) in generator.into_openapi().components.unwrap_or_default().schemas {
        components.schemas.entry(name).or_insert(schema);
    }
    require_what_is_always_sent(&mut api);
    api
}

/// An answer has each of its fields even where there is nothing to say: then it is `null`, not absent. Fields that
/// may be absent are not described as nullable. Bodies are another matter: there both may be left out.
fn require_what_is_always_sent(api: &mut OpenApi) {
    let Some(components) = &mut api.components else { return };
    let known = serde_json::to_value(&components.schemas).unwrap_or_default();
    let mut taken = BTreeSet::new();
    for item in api.paths.values() {
        for operation in [&item.post, &item.put, &item.patch].into_iter().flatten() {
            references(&known, &serde_json::to_value(&operation.request_body).unwrap_or_default(), &mut taken);
        }
    }
    for (_, schema) in components.schemas.iter_mut().filter(|(name, _)| !taken.contains(*name)) {
        let Some(fields) = &mut schema.object else { continue };
        let nullable = |schema: &Schema| match schema {
            Schema::Object(schema) => schema.extensions.get("nullable") == Some(&Value::Bool(true)),
            Schema::Bool(_) => false,
        };
        let always = fields.properties.iter().filter(|(_, schema)| nullable(schema)).map(|(name, _)| name.clone());
        fields.required.extend(always.collect::<Vec<_>>());
    }
}

/// The names of all schemas that a part of the description refers to, directly or by way of others.
fn references(known: &Value, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| references(known, item, found)),
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            if let Some(name) = name
                && found.insert(name.to_owned())
            {
                references(known, &known[name], found);
            }
            fields.values().for_each(|field| references(known, field, found));
        }
        _ => {}
    }
}

const INTRODUCTION: &str = "The shop's API. Money is a decimal string with the currency's own digits; times are RFC 3339 \
UTC; lists are paged by cursors that stay right while things come and go. Errors are `application/problem+json` \
(RFC 9457). Each answer has an `X-Request-Id`; one of 1 to 128 letters, digits, `-`, `_` and `.` that is sent is taken \
over. `/api/…` without a version is the newest version; a trailing slash is optional.";

fn tag(name: &str, description: &str) -> Tag {
    Tag { name: name.to_owned(), description: Some(description.to_owned()), ..Tag::default() }
}

/// What the names of operations begin with: the modules of their handlers.
const MODULES: &[&str] = &[
    "products_",
    "variants_",
    "categories_",
    "auth_",
    "me_",
    "addresses_",
    "users_",
    "checkout_",
    "own_orders_",
    "carts_",
    "admin_api_keys_",
    "admin_audit_",
    "admin_backups_",
    "admin_reports_",
    "reviews_",
    "wishlists_",
    "back_in_stock_",
    "admin_reviews_",
    "admin_orders_",
    "payments_",
    "admin_payments_",
    "admin_order_steps_",
    "admin_invoices_",
    "invoices_",
    "my_order_cancel_",
    "admin_tax_rates_",
    "admin_shipping_zones_",
    "admin_discounts_",
    "admin_stock_",
    "admin_webhooks_",
];

fn complete(path: &str, method: &str, operation: &mut Operation, problem: &SchemaObject) {
    // Names such as `products_product_list` become those of the handlers.
    let id = operation.operation_id.clone().unwrap_or_default();
    let name = MODULES.iter().find_map(|module| id.strip_prefix(module));
    let name = name.unwrap_or(&id).to_owned();
    let takes: &[Parameter] = match name.as_str() {
        "product_list" => PRODUCT_LIST,
        "category_list" => CATEGORY_LIST,
        "category_remove" => CATEGORY_REMOVE,
        "user_list" => USER_LIST,
        "api_key_list" => API_KEY_LIST,
        "product_review_list" => PRODUCT_REVIEW_LIST,
        "review_list" => REVIEW_LIST,
        "my_review_list" | "wishlist_get" => MY_LIST,
        "address_list" | "session_list" => SHORT_LIST,
        "cart_get" => CART_GET,
        "audit_list" => AUDIT_LIST,
        "sales_report" => SALES_REPORT,
        "order_list" => ORDER_LIST,
        "payment_list" => PAYMENT_LIST,
        "order_by_token" | "guest_invoice_list" | "guest_invoice_page" | "guest_invoice_pdf" => ORDER_BY_TOKEN,
        "my_order_list" => MY_ORDER_LIST,
        "tax_rate_list" => TAX_RATE_LIST,
        "shipping_zone_list" => SHIPPING_ZONE_LIST,
        "discount_list" => DISCOUNT_LIST,
        "stock_list" => STOCK_LIST,
        "movement_list" => MOVEMENT_LIST,
        "webhook_list" => WEBHOOK_LIST,
        "delivery_list" => DELIVERY_LIST,
        _ => &[],
    };
    let by_slug = method == "get" && ["/products/{id}", "/categories/{id}"].iter().any(|start| path.starts_with(start));
    for parameter in &mut operation.parameters {
        if let RefOr::Object(parameter) = parameter
            && parameter.location == "path"
            && matches!(parameter.name.as_str(), "id" | "delivery")
        {
            parameter.description = Some(if by_slug { "Its id or slug." } else { "Its id." }.to_owned());
            parameter.value = schema_value(id_schema(by_slug), None);
        } else if let RefOr::Object(parameter) = parameter
            && (parameter.location.as_str(), parameter.name.as_str()) == ("path", "token")
        {
            parameter.description = Some("Its token, which is all it takes to use it.".to_owned());
        }
    }
    operation.parameters.extend(takes.iter().map(query_parameter));
    operation.operation_id = Some(name.clone());
    success(method, &name, operation);
    for status in statuses(path, method, takes, operation) {
        let (title, headers) = described(status);
        operation.responses.responses.insert(status.to_string(), RefOr::Object(refusal(title, headers, problem)));
    }
    if by_slug {
        let moved = Response {
            description: "A former slug: `Location` names the new address".to_owned(),
            ..refusal("", &["Location"], problem)
        };
        operation.responses.responses.insert("301".to_owned(), RefOr::Object(moved));
    }
    if method == "get" {
        let same = Response { description: "What `If-None-Match` names still holds".to_owned(), ..Response::default() };
        operation.responses.responses.insert("304".to_owned(), RefOr::Object(same));
    }
}

/// Creating answers 201; every success says what headers it brings.
fn success(method: &str, name: &str, operation: &mut Operation) {
    let created = method == "post" && (name.ends_with("_create") || matches!(name, "register" | "setup" | "checkout"));
    if let Some(RefOr::Object(mut done)) = operation.responses.responses.shift_remove("200") {
        done.headers.insert("ETag".to_owned(), RefOr::Object(header("Names this state of the resource.")));
        if created {
            "Created".clone_into(&mut done.description);
            done.headers.insert("Location".to_owned(), RefOr::Object(header("Its address.")));
        }
        let begun = name == "backup_begin";
        let status = 200 + u16::from(created) + 2 * u16::from(begun);
        operation.responses.responses.insert(status.to_string(), RefOr::Object(done));
    }
}

/// The problems an operation can give.
fn statuses(path: &str, method: &str, takes: &[Parameter], operation: &mut Operation) -> Vec<u16> {
    // Every operation has a budget.
    let mut statuses = vec![429, 500, 503];
    // Noted by the guard that reads the query: lists that come whole take no parameter, and refuse what is sent.
    statuses.extend(operation.responses.responses.shift_remove("400").map(|_| 400));
    let has_body = operation.request_body.is_some();
    let signed_in = operation.security.as_ref().is_some_and(|s| !s.is_empty());
    let login = path == "/auth/login";
    let writes = method != "get" && !login;
    if has_body {
        statuses.extend([400, 413, 415, 422]);
    }
    let keyed = |p: &RefOr<_>| matches!(p, RefOr::Object(OpenApiParameter { name, .. }) if name == "Idempotency-Key");
    if !takes.is_empty() || operation.parameters.iter().any(keyed) {
        statuses.extend([400, 422]);
    }
    if path.ends_with("/checkout") {
        statuses.push(402);
    }
    // A token that is sent must be good, even where none is needed.
    statuses.push(401);
    // Signing out takes an access token or a refresh token; an API key has nothing to sign out of.
    if signed_in || path == "/auth/logout" || takes.iter().any(|p| p.name == "status") {
        statuses.push(403);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    if writes {
        statuses.extend([409, 507]);
    }
    if operation.parameters.iter().any(|p| matches!(p, RefOr::Object(p) if p.name == "If-Match")) {
        statuses.push(412);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn described(status: u16) -> (&'static str, &'static [&'static str]) {
    match status {
        400 => ("The request cannot be understood", &[]),
        401 => ("No valid access token, or wrong e-mail address or password", &["WWW-Authenticate"]),
        402 => ("The payment was declined", &[]),
        403 => ("Signed in, but not allowed", &[]),
        404 => ("There is no such thing", &[]),
        409 => ("It does not go with what is there", &[]),
        412 => ("It has changed since it was read", &[]),
        413 => ("The body is too large", &[]),
        415 => ("The body is not declared as JSON", &[]),
        422 => ("The input breaks rules; `errors` names each field", &[]),
        429 => ("Too many requests in a minute", &["Retry-After", "RateLimit", "RateLimit-Policy"]),
        503 => ("Too much is going on, it took too long, or the disk failed", &["Retry-After"]),
        507 => ("No room on the disk: the shop is read-only", &["Retry-After"]),
        _ => ("Something is broken here", &[]),
    }
}

fn refusal(title: &str, headers: &[&str], problem: &SchemaObject) -> Response {
    let media = MediaType { schema: Some(problem.clone()), ..MediaType::default() };
    Response {
        description: title.to_owned(),
        content: std::iter::once(("application/problem+json".to_owned(), media)).collect(),
        headers: headers.iter().map(|name| ((*name).to_owned(), RefOr::Object(header(says(name))))).collect(),
        ..Response::default()
    }
}

/// What a header of a refusal says.
fn says(name: &str) -> &'static str {
    match name {
        "Retry-After" => "Seconds after which to try again.",
        "RateLimit" => "The budget that is used up, as `\"name\";r=0;t=seconds`.",
        "RateLimit-Policy" => "What it allows, as `\"name\";q=requests;w=seconds`.",
        "Location" => "The new address.",
        "WWW-Authenticate" => "How to sign in.",
        _ => "",
    }
}

fn header(description: &str) -> Header {
    Header {
        description: (!description.is_empty()).then(|| description.to_owned()),
        required: false,
        deprecated: false,
        allow_empty_value: false,
        value: schema_value(typed(InstanceType::String), None),
        extensions: Object::default(),
    }
}

fn typed(kind: InstanceType) -> SchemaObject {
    SchemaObject { instance_type: Some(kind.into()), ..SchemaObject::default() }
}

fn schema_value(schema: SchemaObject, example: Option<Value>) -> ParameterValue {
    ParameterValue::Schema { style: None, explode: None, allow_reserved: false, schema, example, examples: None }
}

fn query_parameter(parameter: &Parameter) -> RefOr<OpenApiParameter> {
    let example = match parameter.kind {
        Kind::Integer(..) => parameter.example.parse::<i64>().map(Value::from).ok(),
        Kind::Boolean => parameter.example.parse::<bool>().map(Value::from).ok(),
        Kind::Texts | Kind::Choices(_) => Some(json!([parameter.example])),
        Kind::Ids => parameter.example.parse::<i64>().map(|id| json!([id])).ok(),
        Kind::Text | Kind::Choice(_) | Kind::Amount | Kind::Rating | Kind::Moment => {
            (!parameter.example.is_empty()).then(|| json!(parameter.example))
        }
    };
    RefOr::Object(OpenApiParameter {
        name: parameter.name.to_owned(),
        location: "query".to_owned(),
        description: Some(parameter.description.to_owned()),
        required: false,
        deprecated: false,
        // Empty counts as not given: that is what forms send for what was left empty.
        allow_empty_value: true,
        value: schema_value(kind_schema(parameter.kind), example),
        extensions: Object::default(),
    })
}

/// What names a thing in an address: a positive number, or for some also a slug.
fn id_schema(or_slug: bool) -> SchemaObject {
    let mut id = SchemaObject { format: Some("int64".to_owned()), ..kind_schema(Kind::Integer(1, i64::MAX)) };
    id.number().maximum = None;
    if !or_slug {
        return id;
    }
    let mut either = SchemaObject::default();
    either.subschemas().any_of = Some(vec![Schema::Object(id), Schema::Object(typed(InstanceType::String))]);
    either
}

fn kind_schema(kind: Kind) -> SchemaObject {
    match kind {
        Kind::Text => typed(InstanceType::String),
        Kind::Boolean => typed(InstanceType::Boolean),
        Kind::Choice(values) => {
            let values = values.iter().map(|v| json!(v)).collect();
            SchemaObject { enum_values: Some(values), ..typed(InstanceType::String) }
        }
        Kind::Choices(values) => list_of(kind_schema(Kind::Choice(values))),
        Kind::Texts => list_of(typed(InstanceType::String)),
        Kind::Ids => {
            let mut ids = list_of(id_schema(false));
            ids.array().max_items = Some(100);
            ids
        }
        Kind::Amount => {
            let mut amount = typed(InstanceType::String);
            amount.string().pattern = Some(r"^[0-9]+(\.[0-9]+)?$".to_owned());
            amount
        }
        Kind::Rating => {
            let mut rating = typed(InstanceType::String);
            rating.string().pattern = Some(r"^([1-4](\.[0-9]{1,2})?|5(\.00?)?)$".to_owned());
            rating
        }
        Kind::Moment => SchemaObject { format: Some("date-time".to_owned()), ..typed(InstanceType::String) },
        Kind::Integer(min, max) => {
            let bounds =
                NumberValidation { minimum: Some(min as f64), maximum: Some(max as f64), ..Default::default() };
            SchemaObject { number: Some(Box::new(bounds)), ..typed(InstanceType::Integer) }
        }
    }
}

fn list_of(item: SchemaObject) -> SchemaObject {
    let mut list = typed(InstanceType::Array);
    list.array().items = Some(Schema::Object(item).into());
    list
}
