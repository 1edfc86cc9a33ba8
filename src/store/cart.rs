//! SQL of carts and their lines, and of what the catalog says of the variants in them.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::account::AddressDraft;
use crate::domain::cart::{Cart, CartLine, MOST_QUANTITY, Offer, Quantity};
use crate::domain::catalog::{Image, Status, Stored};
use crate::domain::{CartId, CartLineId, Money, OrderId, Timestamp, UserId, VariantId};

const CART: &str = "select id, token, account_id, order_id, discount_code, email, shipping_address, shipping_option, \
     version, expires_at, created_at, updated_at from cart";

fn cart(row: &Row<'_>) -> RowResult<Cart> {
    let address: Option<String> = row.get(6)?;
    Ok(Cart {
        id: row.get(0)?,
        token: row.get(1)?,
        account: row.get(2)?,
        order: row.get(3)?,
        discount_code: row.get(4)?,
        email: row.get(5)?,
        shipping_address: address.and_then(|text| serde_json::from_str(&text).ok()),
        shipping_option: row.get(7)?,
        version: row.get(8)?,
        expires_at: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        lines: Vec::new(),
    })
}

fn line(row: &Row<'_>) -> RowResult<CartLine> {
    Ok(CartLine {
        id: row.get(0)?,
        variant_id: row.get(1)?,
        quantity: Quantity::nearest(row.get(2)?),
        seen_price: row.get(3)?,
        seen_available: row.get(4)?,
        name: row.get(5)?,
        sku: row.get(6)?,
    })
}

/// The columns of an offer: of variants that are for sale, so only those of active products.
fn offers(from: &str) -> String {
    format!(
        "select v.id, p.id, p.slug, p.name, v.title, v.sku, p.images, v.price, \
         case v.stock_policy when 'deny' then min(v.stock, {MOST_QUANTITY}) else {MOST_QUANTITY} end, \
         p.category_id, p.tags, v.tax_class, v.weight_grams from {from} and p.status = {}",
        Status::Active.code()
    )
}

fn offer(row: &Row<'_>) -> RowResult<Offer> {
    let (images, tags) = (Stored::<Vec<Image>>::trusted(row.get(6)?), Stored::<Vec<String>>::trusted(row.get(10)?));
    Ok(Offer {
        variant_id: row.get(0)?,
        product_id: row.get(1)?,
        product_slug: row.get(2)?,
        name: row.get(3)?,
        title: row.get(4)?,
        sku: row.get(5)?,
        image: images.value().into_iter().min_by_key(|image| image.position),
        price: row.get(7)?,
        available: row.get(8)?,
        category_id: row.get(9)?,
        tags: tags.value(),
        tax_class: row.get(11)?,
        weight_grams: row.get(12)?,
    })
}

impl ReadTx<'_> {
    /// The cart of this token with its lines, whoever it belongs to and whatever became of it.
    pub fn cart_by_token(&self, token: &str) -> StoreResult<Option<Cart>> {
        let found = self.query_one(&format!("{CART} where token = ?1"), [token], cart)?;
        self.cart_filled(found)
    }

    /// The open cart of a person.
    pub fn cart_open_of(&self, account: UserId) -> StoreResult<Option<Cart>> {
        let found = self.query_one(&format!("{CART} where account_id = ?1 and state = 'open'"), [account], cart)?;
        self.cart_filled(found)
    }

    /// The cart that became an order.
    pub fn cart_of_order(&self, order: OrderId) -> StoreResult<Option<Cart>> {
        let found = self.query_one(&format!("{CART} where order_id = ?1"), [order], cart)?;
        self.cart_filled(found)
    }

    /// All carts of a person, open or not, with their lines.
    pub fn carts_of(&self, account: UserId) -> StoreResult<Vec<Cart>> {
        let found = self.query_all(&format!("{CART} where account_id = ?1 order by id"), [account], cart)?;
        found.into_iter().filter_map(|cart| self.cart_filled(Some(cart)).transpose()).collect()
    }

    fn cart_filled(&self, cart: Option<Cart>) -> StoreResult<Option<Cart>> {
        let Some(mut cart) = cart else { return Ok(None) };
        let sql = "select id, variant_id, quantity, seen_price, seen_available, name, sku from cart_line \
                   where cart_id = ?1 order by id";
        cart.lines = self.query_all(sql, [cart.id], line)?;
        Ok(Some(cart))
    }

    /// What is for sale of the variants in a cart.
    pub fn cart_offers(&self, id: CartId) -> StoreResult<Vec<Offer>> {
        let from = "cart_line l cross join variant v on v.id = l.variant_id cross join product p on p.id = v.product_id \
                    where l.cart_id = ?1";
        self.query_all(&offers(from), [id], offer)
    }

    /// A variant, if it is for sale.
    pub fn offer_of_variant(&self, id: VariantId) -> StoreResult<Option<Offer>> {
        let from = "variant v cross join product p on p.id = v.product_id where v.id = ?1";
        self.query_one(&offers(from), [id], offer)
    }

    /// The variant of this code, if it is for sale.
    pub fn offer_of_sku(&self, sku: &str) -> StoreResult<Option<Offer>> {
        let from = "variant v cross join product p on p.id = v.product_id where v.sku = ?1";
        self.query_one(&offers(from), [sku], offer)
    }
}

impl WriteTx<'_> {
    /// Makes an empty cart.
    pub fn cart_insert(
        &self,
        token: &str,
        account: Option<UserId>,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> StoreResult<CartId> {
        let sql =
            "insert into cart (token, account_id, expires_at, created_at, updated_at) values (?1, ?2, ?3, ?4, ?4)";
        self.execute(sql, params![token, account, expires_at, at])?;
        Ok(CartId::new(self.last_id()))
    }

    /// Overwrites what a cart says besides its lines, and counts the change.
    pub fn cart_update(&self, cart: &Cart, at: Timestamp) -> StoreResult<()> {
        let sql = "update cart set account_id = ?2, discount_code = ?3, email = ?4, shipping_address = ?5, \
                   shipping_option = ?6, expires_at = ?7, updated_at = ?8, version = version + 1 where id = ?1";
        let address = cart.shipping_address.as_ref().map(AddressDraft::json);
        let Cart { id, account, discount_code, email, shipping_option, expires_at, .. } = cart;
        self.execute(sql, params![id, account, discount_code, email, address, shipping_option, expires_at, at])
            .map(drop)
    }

    /// Notes which order a cart became; it is kept until `expires_at`.
    pub fn cart_order(&self, id: CartId, order: OrderId, expires_at: Timestamp, at: Timestamp) -> StoreResult<()> {
        let sql = "update cart set state = 'ordered', order_id = ?2, expires_at = ?3, updated_at = ?4, \
                   version = version + 1 where id = ?1";
        self.execute(sql, params![id, order, expires_at, at]).map(drop)
    }

    /// Opens a cart again whose order came to nothing.
    pub fn cart_reopen(&self, id: CartId, expires_at: Timestamp, at: Timestamp) -> StoreResult<()> {
        let sql = "update cart set state = 'open', order_id = null, expires_at = ?2, updated_at = ?3, \
                   version = version + 1 where id = ?1";
        self.execute(sql, params![id, expires_at, at]).map(drop)
    }

    /// Puts a variant into a cart that is not in it.
    pub fn cart_line_insert(&self, cart: CartId, line: &CartLine) -> StoreResult<CartLineId> {
        let sql = "insert into cart_line (cart_id, variant_id, quantity, seen_price, seen_available, name, sku) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let CartLine { variant_id, quantity, seen_price, seen_available, name, sku, .. } = line;
        self.execute(sql, params![cart, variant_id, quantity.get(), seen_price, seen_available, name, sku])?;
        Ok(CartLineId::new(self.last_id()))
    }

    /// Changes how many of something are in a cart.
    pub fn cart_line_set(&self, id: CartLineId, quantity: Quantity) -> StoreResult<()> {
        self.execute("update cart_line set quantity = ?2 where id = ?1", params![id, quantity.get()]).map(drop)
    }

    /// Notes what the buyer was told about a line.
    pub fn cart_line_seen(&self, id: CartLineId, price: Money, available: i64) -> StoreResult<()> {
        let sql = "update cart_line set seen_price = ?2, seen_available = ?3 where id = ?1";
        self.execute(sql, params![id, price, available]).map(drop)
    }

    /// Takes a line out of its cart.
    pub fn cart_line_delete(&self, id: CartLineId) -> StoreResult<()> {
        self.execute("delete from cart_line where id = ?1", [id]).map(drop)
    }

    /// Removes a cart with all that is in it.
    pub fn cart_delete(&self, id: CartId) -> StoreResult<()> {
        self.execute("delete from cart where id = ?1", [id]).map(drop)
    }

    /// Removes all carts of a person.
    pub fn carts_delete_of(&self, account: UserId) -> StoreResult<()> {
        self.execute("delete from cart where account_id = ?1", [account]).map(drop)
    }

    /// Removes at most `most` carts whose time has come.
    pub fn carts_expire(&self, now: Timestamp, most: usize) -> StoreResult<usize> {
        let sql =
            "delete from cart where id in (select id from cart where expires_at <= ?1 order by expires_at limit ?2)";
        self.execute(sql, params![now, most])
    }
}
