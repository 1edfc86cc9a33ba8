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

use nexus::app;
use nexus::config::{Config, LimitSettings};
use nexus::domain::Role;
use nexus::folder::DataFolder;
use nexus::services::{Actor, Ctx, Shop, StoreSettings};
use request::{Anonymous, SignedIn};
use rocket::local::blocking::Client;
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
    folder: TempDir,
}

/// The files of a new shop with one user of each role, and an access token for each.
struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    tokens: [String; 3],
}

const ROLES: [Role; 3] = [Role::Customer, Role::Staff, Role::Admin];

/// The e-mail address of the template's user of a role.
pub fn email(role: Role) -> String {
    format!("{}@example.test", role.as_str())
}

/// Runs a use case that waits for its write.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

fn open(root: &Path, config: &Config) -> Shop {
    let folder = DataFolder::open(root).expect("the data folder opens");
    let store = StoreSettings { readers: config.readers(), read_deadline: config.read_deadline() };
    Shop::open(folder, store, config.shop.clone(), config.auth.clone(), nexus::app::cards(&config.shop))
        .expect("the shop opens")
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().expect("a temporary folder");
        let shop = open(folder.path(), &Config::default());
        let tokens = ROLES.map(|role| {
            wait(async {
                shop.user_create(&Ctx::owner(), &email(role), role, PASSWORD.to_owned()).await.expect("a user");
                let login = shop.login(&Ctx::now(Actor::Anonymous), &email(role), PASSWORD.to_owned()).await;
                login.expect("a login").access
            })
        });
        shop.close();
        drop(shop);
        let mut files = Vec::new();
        for name in ["nexus.db", "nexus.json", "secrets/token.key"] {
            let bytes = std::fs::read(folder.path().join(name)).expect("the template's file");
            files.push((PathBuf::from(name), bytes));
        }
        Template { files, tokens }
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
        let shop = Arc::new(open(folder.path(), &config));
        let server = app::build(&config, &shop).expect("a server");
        let client = Client::untracked(server).expect("the server starts");
        Self { client, shop, folder }
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
        self.bearing(&template().tokens[0])
    }

    /// Somebody of the staff.
    pub fn staff(&self) -> SignedIn<'_> {
        self.bearing(&template().tokens[1])
    }

    /// The owner.
    pub fn admin(&self) -> SignedIn<'_> {
        self.bearing(&template().tokens[2])
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

impl Drop for TestShop {
    fn drop(&mut self) {
        self.shop.close();
    }
}
