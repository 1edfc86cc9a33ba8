//! People, their sign-ins and address books as clients see them.

use super::cart::KeptCartView;
use super::invoice::InvoiceView;
use super::order::{OrderView, Reader};
use super::{Moment, ReviewView, one_of};
use crate::domain::account::Address;
use crate::domain::{AddressId, Currency, ProductId, Role, SessionId, UserId};
use crate::http::query::Links;
use crate::services::identity::{Login, MyData, Session, User};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::Schema;
use serde::Serialize;

/// A person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserView {
    #[schemars(with = "i64")]
    id: UserId,
    email: String,
    /// Whether mail was proven to arrive there.
    email_verified: bool,
    /// The address they want to change to, until mail is proven to arrive there.
    pending_email: Option<String>,
    /// What they are called; may be empty.
    name: String,
    role: Role,
    /// Whether they may sign in.
    active: bool,
    created_at: Moment,
    updated_at: Moment,
}

impl UserView {
    /// The view of a person.
    pub fn new(user: User) -> Self {
        let User { id, email, email_verified, pending_email, name, role, active, .. } = user;
        let (created_at, updated_at) = (Moment(user.created_at), Moment(user.updated_at));
        Self { id, email, email_verified, pending_email, name, role, active, created_at, updated_at }
    }
}

/// A page of people.
#[derive(Serialize, JsonSchema)]
pub struct UserList {
    /// The people.
    pub results: Vec<UserView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl UserList {
    /// The view of a page.
    pub fn new(users: Vec<User>, links: Links) -> Self {
        Self { results: users.into_iter().map(UserView::new).collect(), next: links.next, previous: links.previous }
    }
}

/// What signing in gives.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Login")]
pub struct LoginView<'a> {
    /// The access token, to be sent as `Authorization: Bearer …`.
    access: &'a str,
    /// To be exchanged at `POST /auth/refresh` for the next pair; keep it from others.
    refresh: &'a str,
    #[schemars(schema_with = "bearer")]
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: u64,
    user: UserView,
}

fn bearer(_: &mut SchemaGenerator) -> Schema {
    one_of(["Bearer"])
}

impl<'a> LoginView<'a> {
    /// The view of a login.
    pub fn new(login: &'a Login) -> Self {
        let Login { access, refresh, expires_in, user } = login;
        Self { access, refresh, token_type: "Bearer", expires_in: *expires_in, user: UserView::new(user.clone()) }
    }
}

/// A sign-in on one device.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct SessionView {
    #[schemars(with = "i64")]
    id: SessionId,
    /// The client's address when it was last used.
    client: Option<String>,
    /// What the client called itself.
    agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
    created_at: Moment,
    /// When a token was last given out.
    used_at: Moment,
    /// When it ends unless it is used.
    expires_at: Moment,
}

impl SessionView {
    fn new(session: Session) -> Self {
        let Session { id, client, agent, current, .. } = session;
        let (created_at, used_at) = (Moment(session.created_at), Moment(session.used_at));
        Self { id, client, agent, current, created_at, used_at, expires_at: Moment(session.expires_at) }
    }
}

/// Somebody's sign-ins, the one used last first.
#[derive(Serialize, JsonSchema)]
pub struct SessionList {
    /// The sign-ins.
    pub results: Vec<SessionView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl SessionList {
    /// The view of a page.
    pub fn new(sessions: Vec<Session>, links: Links) -> Self {
        let results = sessions.into_iter().map(SessionView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// A postal address.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Address")]
pub struct AddressView {
    #[schemars(with = "i64")]
    id: AddressId,
    name: String,
    company: Option<String>,
    line1: String,
    line2: Option<String>,
    city: String,
    region: Option<String>,
    postal_code: String,
    /// ISO 3166-1 alpha-2 code.
    country: String,
    phone: Option<String>,
    vat_number: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl AddressView {
    /// The view of an address.
    pub fn new(address: Address) -> Self {
        let Address { id, draft, created_at, updated_at, .. } = address;
        Self {
            id,
            name: draft.name,
            company: draft.company,
            line1: draft.line1,
            line2: draft.line2,
            city: draft.city,
            region: draft.region,
            postal_code: draft.postal_code,
            country: draft.country,
            phone: draft.phone,
            vat_number: draft.vat_number,
            created_at: Moment(created_at),
            updated_at: Moment(updated_at),
        }
    }
}

/// An address book.
#[derive(Serialize, JsonSchema)]
pub struct AddressList {
    /// The addresses in order of id.
    pub results: Vec<AddressView>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Where the previous page is.
    pub previous: Option<String>,
}

impl AddressList {
    /// The view of a page.
    pub fn new(addresses: Vec<Address>, links: Links) -> Self {
        let results = addresses.into_iter().map(AddressView::new).collect();
        Self { results, next: links.next, previous: links.previous }
    }
}

/// Everything the shop keeps about a person.
#[derive(Serialize, JsonSchema)]
pub struct MeExport {
    /// Their account.
    pub user: UserView,
    /// Their address book.
    pub addresses: Vec<AddressView>,
    /// Where they are signed in.
    pub sessions: Vec<SessionView>,
    /// What is, or was lately, in their carts.
    pub carts: Vec<KeptCartView>,
    /// Their orders.
    pub orders: Vec<OrderView>,
    /// The invoices of these and their credit notes.
    pub invoices: Vec<InvoiceView>,
    /// What they say of products.
    pub reviews: Vec<ReviewView>,
    /// What is on their wishlist, by id.
    #[schemars(with = "Vec<i64>")]
    pub wishlist: Vec<ProductId>,
    /// What they want to be told of when it is back in stock, by id.
    #[schemars(with = "Vec<i64>")]
    pub back_in_stock: Vec<ProductId>,
}

impl MeExport {
    /// The view of it all.
    pub fn new(data: MyData, currency: Currency) -> Self {
        let order = |order| OrderView::new(order, currency, Reader::Buyer);
        Self {
            orders: data.orders.iter().map(order).collect(),
            invoices: data.invoices.iter().map(|invoice| InvoiceView::new(invoice, currency)).collect(),
            user: UserView::new(data.user),
            addresses: data.addresses.into_iter().map(AddressView::new).collect(),
            sessions: data.sessions.into_iter().map(SessionView::new).collect(),
            carts: data.carts.into_iter().map(KeptCartView::new).collect(),
            reviews: data.kept.reviews.into_iter().map(ReviewView::new).collect(),
            wishlist: data.kept.wishlist,
            back_in_stock: data.kept.back_in_stock,
        }
    }
}
