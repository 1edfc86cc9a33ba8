//! What every test stands on: a shop of its own, callers of each role, and short ways to fill it.
//!
//! A shop is a temporary data folder, copied from a template that is migrated and given its users once for each
//! process, since hashing passwords is slow on purpose. Nothing is shared between tests but that template.

pub mod builders;
pub mod model;
pub mod request;
pub mod spec;

pub use builders::{category, product, variant};
pub use request::{Answer, Requests, encode};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nexus::app;
use nexus::config::{Config, LimitSettings};
use nexus::domain::{Rights, Role};
use nexus::services::identity::ApiKeyDraft;
use nexus::services::{Actor, Ctx, Shop};
use request::{Anonymous, SignedIn};
use rocket::local::blocking::Client;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// The password of every user of the template.
pub const PASSWORD: &str = "correct horse battery";

/// A shop in its own folder, served in this process.
pub struct TestShop {
    client: Client,
    /// The use cases below the HTTP layer.
    pub shop: Arc<Shop>,
    config: Config,
    folder: TempDir,
}

/// The files of a new shop with one user of each role, and an access token for each.
struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    logins: Vec<(String, String)>,
}

/// The users of the template: addresses and roles in order of id.
const USERS: [(&str, Role); 4] = [
    ("customer@example.test", Role::Customer),
    ("staff@example.test", Role::Staff),
    ("admin@example.test", Role::Admin),
    ("other@example.test", Role::Customer),
];

/// The e-mail address of the template's user of a role.
pub fn email(role: Role) -> String {
    format!("{}@example.test", role.as_str())
}

/// The refresh token of the template's user of a role, good once in each shop.
pub fn refresh_token(role: Role) -> String {
    let index = USERS.iter().position(|(_, known)| *known == role).expect("a user");
    template().logins[index].1.clone()
}

/// An access token of one of the template's users. It is good for ten minutes; a run that takes longer goes on with the
/// same claims, signed anew.
fn access_token(user: usize) -> String {
    let Template { files, logins } = template();
    let token = &logins[user].0;
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("a payload")).expect("base64");
    let mut claims: Value = serde_json::from_slice(&payload).expect("JSON");
    let now = Ctx::owner().now.millis() / 1_000;
    let (issued, ends) = (claims["iat"].as_i64().expect("a time"), claims["exp"].as_i64().expect("a time"));
    if now - issued < (ends - issued) / 2 {
        return token.clone();
    }
    claims["iat"] = now.into();
    claims["exp"] = (now + ends - issued).into();
    let secret = &files.iter().find(|(name, _)| name.ends_with("token.key")).expect("a secret").1;
    let header = jsonwebtoken::decode_header(token).expect("a header");
    jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(secret)).expect("a token")
}

/// Runs a use case that waits for its write.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

fn open(root: &Path, config: &mut Config) -> Shop {
    root.clone_into(&mut config.data.dir);
    app::open(config).expect("the shop opens")
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().expect("a temporary folder");
        let shop = open(folder.path(), &mut Config::default());
        let login = |(email, role)| {
            wait(async {
                shop.user_create(&Ctx::owner(), email, role, PASSWORD.to_owned()).await.expect("a user");
                let login = shop.login(&Ctx::now(Actor::Anonymous), email, PASSWORD.to_owned()).await;
                let login = login.expect("a login");
                (login.access, login.refresh)
            })
        };
        let logins = USERS.into_iter().map(login).collect();
        shop.close();
        drop(shop);
        let mut files = Vec::new();
        for name in ["nexus.db", "nexus.json", "secrets/token.key", "secrets/audit.key"] {
            let bytes = std::fs::read(folder.path().join(name)).expect("the template's file");
            files.push((PathBuf::from(name), bytes));
        }
        Template { files, logins }
    })
}

impl TestShop {
    /// An empty shop that sells in euros.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// An empty shop with other settings.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for (name, bytes) in &template().files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
        let mut config = Config { workers: 2, ..Config::default() };
        config.log.access = false;
        // Tests sign in as often as they like, all from one place; those about the budgets set their own.
        config.limits = LimitSettings::off();
        change(&mut config);
        Self::on(folder, config)
    }

    /// An empty shop with more routes than a shop has.
    pub fn with_routes(base: &str, routes: Vec<rocket::Route>) -> Self {
        let shop = Self::new();
        let client = Client::untracked(shop.server(|_| {}).mount(base.to_owned(), routes)).expect("the server starts");
        Self { client, ..shop }
    }

    /// Another server for the same shop, not yet listening.
    pub fn server(&self, change: impl FnOnce(&mut Config)) -> rocket::Rocket<rocket::Build> {
        let mut config = self.config.clone();
        change(&mut config);
        app::build(&config, &self.shop).expect("a server")
    }

    fn on(folder: TempDir, mut config: Config) -> Self {
        let shop = Arc::new(open(folder.path(), &mut config));
        let server = app::build(&config, &shop).expect("a server");
        let client = Client::untracked(server).expect("the server starts");
        Self { client, shop, config, folder }
    }

    /// The same shop, stopped and started again.
    pub fn restarted(self) -> Self {
        self.restarted_with(|_| {})
    }

    /// The same shop, stopped and started again with other settings.
    pub fn restarted_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self { client, shop, mut config, folder } = self;
        change(&mut config);
        shop.close();
        drop((client, shop));
        Self::on(folder, config)
    }

    /// An empty shop that sells in a currency.
    pub fn selling_in(currency: &str) -> Self {
        Self::with(|config| currency.clone_into(&mut config.shop.currency))
    }

    /// A shop with the categories Kitchen (with Mugs below it) and Garden.
    pub fn with_categories() -> Self {
        let shop = Self::new();
        category("Kitchen").create(&shop);
        category("Mugs").below("kitchen").create(&shop);
        category("Garden").create(&shop);
        shop
    }

    /// Nobody known.
    pub fn anonymous(&self) -> Anonymous<'_> {
        Anonymous(self)
    }

    /// Somebody who buys.
    pub fn customer(&self) -> SignedIn<'_> {
        self.bearing(&access_token(0))
    }

    /// Somebody of the staff.
    pub fn staff(&self) -> SignedIn<'_> {
        self.bearing(&access_token(1))
    }

    /// The owner.
    pub fn admin(&self) -> SignedIn<'_> {
        self.bearing(&access_token(2))
    }

    /// Somebody else who buys.
    pub fn other_customer(&self) -> SignedIn<'_> {
        self.bearing(&access_token(3))
    }

    /// A new API key with these scopes.
    pub fn api_key(&self, scopes: &[&str]) -> String {
        let rights = Rights::known(scopes.iter().copied());
        let draft = ApiKeyDraft { name: scopes.join(" "), rights, expires_at: None };
        wait(self.shop.api_key_create(&Ctx::owner(), draft)).expect("a key").key
    }

    /// Whoever has this token.
    pub fn bearing(&self, token: &str) -> SignedIn<'_> {
        SignedIn(self, token.to_owned())
    }

    /// The data folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The server as the framework's own client sees it.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
