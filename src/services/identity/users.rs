//! User administration.

use super::letters::letter_due;
use super::{USER, User, UserFilter, email_of};
use crate::domain::account::{Addressee, Occasion};
use crate::domain::audit::Subject;
use crate::domain::catalog::Revision;
use crate::domain::page::Page;
use crate::domain::{Direction, Email, Fields, PageSize, Right, Role, Timestamp, UserId};
use crate::services::catalog::Preconditions;
use crate::services::{Actor, Ctx, Error, Outcome, Shop};
use crate::store::{ReadTx, UserRow, WriteTx};
use serde_json::{Value, json};

/// An account an admin makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDraft {
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their password; without one they are invited by mail to choose one.
    pub password: Option<String>,
}

impl UserDraft {
    /// Reads the body of an account.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        if !fields.has("email") {
            fields.missing("email");
        }
        Self {
            email: fields.text("email", 1..=254).unwrap_or_default(),
            name: fields.text("name", 1..=200).unwrap_or_default(),
            role: role(fields).unwrap_or(Role::Customer),
            password: fields.secret("password"),
        }
    }
}

/// What an admin changes about an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Another address.
    pub email: Option<String>,
    /// Another name; empty for none.
    pub name: Option<String>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether they may sign in.
    pub active: Option<bool>,
    /// Another password.
    pub password: Option<String>,
}

impl UserChange {
    /// Reads a merge patch (RFC 7396).
    pub fn read(fields: &mut Fields<'_>) -> Self {
        fields.kept(&["email", "role", "active", "password"]);
        Self {
            email: fields.text("email", 1..=254),
            name: fields.cleared_text("name", 200),
            role: role(fields),
            active: fields.boolean("active"),
            password: fields.secret("password"),
        }
    }
}

fn role(fields: &mut Fields<'_>) -> Option<Role> {
    fields.parsed("role", "customer, staff or admin", Role::parse)
}

impl Shop {
    /// A page of people in order of id.
    pub fn user_page(
        &self,
        ctx: &Ctx,
        filter: &UserFilter,
        size: PageSize,
        from: Option<(UserId, Direction)>,
    ) -> Outcome<Page<User, UserId>> {
        ctx.require(Right::UsersRead)?;
        self.page_read(
            size,
            from,
            |tx, start, backwards, most| {
                let rows = tx.user_page(filter, start, backwards, most)?;
                Ok::<_, Error>(rows.into_iter().map(User::from).collect())
            },
            |user: &User| user.id,
        )
    }

    /// Everybody, or everybody of one role.
    pub fn user_list(&self, ctx: &Ctx, role: Option<Role>) -> Outcome<Vec<User>> {
        ctx.require(Right::UsersRead)?;
        let filter = UserFilter { role, ..UserFilter::default() };
        let rows = self.store.read(|tx| Ok::<_, Error>(tx.user_page(&filter, None, false, usize::MAX >> 1)?))?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// One person.
    pub fn user_get(&self, ctx: &Ctx, id: UserId) -> Outcome<User> {
        ctx.require(Right::UsersRead)?;
        self.store.read(|tx| current(tx, id).map(User::from))
    }

    /// Adds a person with a password.
    pub async fn user_create(&self, ctx: &Ctx, email: &str, role: Role, password: String) -> Outcome<User> {
        let draft = UserDraft { email: email.to_owned(), name: String::new(), role, password: Some(password) };
        self.user_add(ctx, draft).await
    }

    /// Adds a person; without a password they are invited by mail.
    pub async fn user_add(&self, ctx: &Ctx, draft: UserDraft) -> Outcome<User> {
        ctx.require(Right::UsersWrite)?;
        may_touch(ctx, draft.role)?;
        let email = email_of(&draft.email)?;
        let hash = match draft.password {
            Some(password) => self.new_password(password, email.as_str()).await?,
            None => String::new(),
        };
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let id = tx.user_insert(&email, &draft.name, draft.role, &hash, ctx.now)?;
                if hash.is_empty() {
                    letter_due(tx, Occasion::Invited, Addressee::User(id), ctx.now)?;
                }
                tx.audit(&ctx.entry("user.create", Subject::from(id), &json!({ "role": draft.role })))?;
                current(tx, id).map(User::from)
            })
            .await
    }

    /// Changes an account. Another address, role or password, or that they may no longer sign in, acts at once.
    pub async fn user_update(&self, ctx: &Ctx, id: UserId, known: Preconditions, change: UserChange) -> Outcome<User> {
        ctx.require(Right::UsersWrite)?;
        let email = change.email.as_deref().map(email_of).transpose()?;
        let before = self.store.read(|tx| current(tx, id))?;
        let hash = match change.password {
            Some(password) => {
                let address = email.as_ref().map_or(before.email.as_str(), Email::as_str);
                Some(self.new_password(password, address).await?)
            }
            None => None,
        };
        let ctx = ctx.clone();
        self.store
            .write(move |tx| {
                let before = current(tx, id)?;
                known.check(Revision::of(before.version))?;
                let after = UserRow {
                    name: change.name.unwrap_or_else(|| before.name.clone()),
                    role: change.role.unwrap_or(before.role),
                    active: change.active.unwrap_or(before.active),
                    ..before.clone()
                };
                may_touch(&ctx, before.role.max(after.role))?;
                if ctx.actor != Actor::Owner && !(after.active && after.role == Role::Admin) {
                    keep_an_admin(tx, &before)?;
                }
                tx.user_update(&after, ctx.now)?;
                change_credentials(tx, &before, email.as_ref(), hash.as_deref(), ctx.now)?;
                if !after.active {
                    tx.sessions_end(id)?;
                    tx.carts_delete_of(id)?;
                }
                tx.audit(&ctx.entry("user.update", Subject::from(id), &detail(&before, &after, &email, &hash)))?;
                current(tx, id).map(User::from)
            })
            .await
    }

    /// Forgets who a person was. What the books need stays, without name or address.
    pub async fn user_erase(&self, ctx: &Ctx, id: UserId, known: Preconditions) -> Outcome<()> {
        ctx.require(Right::UsersWrite)?;
        let ctx = ctx.clone();
        let erased = self.store.write(move |tx| {
            let before = current(tx, id)?;
            known.check(Revision::of(before.version))?;
            may_touch(&ctx, before.role)?;
            erase(tx, &ctx, &before)?;
            Ok::<_, Error>(before)
        });
        self.letters_forget(erased.await?).await;
        Ok(())
    }

    /// Gives the person with this address another role; it acts on their live tokens at once.
    pub async fn user_set_role(&self, ctx: &Ctx, email: &str, role: Role) -> Outcome<User> {
        let id = self.user_named(ctx, email)?;
        let change = UserChange { role: Some(role), ..UserChange::default() };
        self.user_update(ctx, id, Preconditions::default(), change).await
    }

    /// Gives the person with this address another password; their sessions end at once.
    pub async fn user_set_password(&self, ctx: &Ctx, email: &str, password: String) -> Outcome<User> {
        let id = self.user_named(ctx, email)?;
        let change = UserChange { password: Some(password), ..UserChange::default() };
        self.user_update(ctx, id, Preconditions::default(), change).await
    }

    /// Lets the person with this address sign in, or no longer.
    pub async fn user_set_active(&self, ctx: &Ctx, email: &str, active: bool) -> Outcome<User> {
        let id = self.user_named(ctx, email)?;
        let change = UserChange { active: Some(active), ..UserChange::default() };
        self.user_update(ctx, id, Preconditions::default(), change).await
    }

    fn user_named(&self, ctx: &Ctx, email: &str) -> Outcome<UserId> {
        ctx.require(Right::UsersWrite)?;
        let Some(email) = Email::parse(email.trim()) else { return Err(USER) };
        self.store.read(|tx| tx.user_by_email(&email)?.map(|user| user.id).ok_or(USER))
    }

    /// Removes decoys that are a day old.
    pub async fn decoys_sweep(&self, ctx: &Ctx) -> Outcome<usize> {
        ctx.require(Right::Maintain)?;
        let ctx = ctx.clone();
        let before = Timestamp::from_millis(ctx.now.millis() - 24 * 60 * 60 * 1000);
        self.store
            .write(move |tx| {
                let decoys = tx.user_decoys_before(before, 500)?;
                decoys.iter().try_for_each(|id| tx.user_delete(*id))?;
                if !decoys.is_empty() {
                    tx.audit(&ctx.entry("user.decoys_erase", None, &json!({ "count": decoys.len() })))?;
                }
                Ok::<_, Error>(decoys.len())
            })
            .await
    }
}

/// A person who is there and was not erased.
fn current(tx: &ReadTx<'_>, id: UserId) -> Outcome<UserRow> {
    tx.user_by_id(id)?.filter(|user| !user.erased && !user.decoy).ok_or(USER)
}

/// An API key may look after customers; making staff or changing them would give it rights it does not have.
fn may_touch(ctx: &Ctx, role: Role) -> Outcome<()> {
    match ctx.actor {
        Actor::ApiKey { .. } if role > Role::Customer => Err(Error::Forbidden),
        _ => Ok(()),
    }
}

/// Forgets a person and says so, unless they are the last admin.
pub(super) fn erase(tx: &WriteTx<'_>, ctx: &Ctx, before: &UserRow) -> Outcome<()> {
    keep_an_admin(tx, before)?;
    // The books keep their orders, which name whoever bought as an invoice does.
    tx.orders_unlink(before.id, ctx.now)?;
    tx.user_erase(before.id, ctx.now)?;
    Ok(tx.audit(&ctx.entry("user.erase", Subject::from(before.id), &json!({})))?)
}

/// Refuses to lose the last admin who can sign in.
fn keep_an_admin(tx: &ReadTx<'_>, before: &UserRow) -> Outcome<()> {
    let counts = before.role == Role::Admin && before.active && !before.password_hash.is_empty();
    if counts && tx.user_count_active(Role::Admin)? <= 1 {
        let detail = "this is the last admin who can sign in: make another one first".to_owned();
        return Err(Error::Conflict("last_admin", detail, Vec::new()));
    }
    Ok(())
}

/// What changed, without saying what an address or a name was or is.
fn detail(before: &UserRow, after: &UserRow, email: &Option<Email>, hash: &Option<String>) -> Value {
    let differs = [
        ("name", before.name != after.name),
        ("role", before.role != after.role),
        ("active", before.active != after.active),
        ("email", email.as_ref().is_some_and(|email| email.as_str() != before.email)),
        ("password", hash.is_some()),
    ];
    let fields: Vec<&str> = differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect();
    json!({ "fields": fields, "role": after.role, "active": after.active })
}

fn change_credentials(
    tx: &WriteTx<'_>,
    before: &UserRow,
    email: Option<&Email>,
    hash: Option<&str>,
    at: Timestamp,
) -> Outcome<()> {
    let email = email.filter(|email| email.as_str() != before.email);
    if let Some(email) = email {
        tx.user_set_email(before.id, email, None, at)?;
    }
    if let Some(hash) = hash {
        tx.user_set_password(before.id, hash, at)?;
    }
    if email.is_some() || hash.is_some() {
        tx.sessions_end(before.id)?;
    }
    Ok(())
}
