//! SQL of address books.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params};
use crate::domain::account::{Address, AddressDraft};
use crate::domain::{AddressId, Timestamp, UserId};

const ADDRESS: &str = "select id, version, created_at, updated_at, name, company, line1, line2, city, region, \
     postal_code, country, phone, vat_number from address";

fn address(row: &Row<'_>) -> RowResult<Address> {
    Ok(Address {
        id: row.get(0)?,
        version: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        draft: AddressDraft {
            name: row.get(4)?,
            company: row.get(5)?,
            line1: row.get(6)?,
            line2: row.get(7)?,
            city: row.get(8)?,
            region: row.get(9)?,
            postal_code: row.get(10)?,
            country: row.get(11)?,
            phone: row.get(12)?,
            vat_number: row.get(13)?,
        },
    })
}

impl ReadTx<'_> {
    /// One address of a person; none when it is somebody else's.
    pub fn address_by_id(&self, user: UserId, id: AddressId) -> StoreResult<Option<Address>> {
        self.query_one(&format!("{ADDRESS} where id = ?1 and account_id = ?2"), params![id, user], address)
    }

    /// All addresses of a person in order of id.
    pub fn address_all(&self, user: UserId) -> StoreResult<Vec<Address>> {
        self.query_all(&format!("{ADDRESS} where account_id = ?1 order by id"), [user], address)
    }
}

impl WriteTx<'_> {
    /// Adds an address to a person's book.
    pub fn address_insert(&self, user: UserId, draft: &AddressDraft, at: Timestamp) -> StoreResult<AddressId> {
        let sql = "insert into address (account_id, created_at, updated_at, name, company, line1, line2, city, region, \
                   postal_code, country, phone, vat_number) values (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let AddressDraft { name, company, line1, line2, city, region, postal_code, country, phone, vat_number } = draft;
        self.execute(
            sql,
            params![user, at, name, company, line1, line2, city, region, postal_code, country, phone, vat_number],
        )?;
        Ok(AddressId::new(self.last_id()))
    }

    /// Overwrites an address.
    pub fn address_update(&self, id: AddressId, draft: &AddressDraft, at: Timestamp) -> StoreResult<()> {
        let sql = "update address set updated_at = ?2, name = ?3, company = ?4, line1 = ?5, line2 = ?6, city = ?7, \
                   region = ?8, postal_code = ?9, country = ?10, phone = ?11, vat_number = ?12, version = version + 1 \
                   where id = ?1";
        let AddressDraft { name, company, line1, line2, city, region, postal_code, country, phone, vat_number } = draft;
        self.execute(
            sql,
            params![id, at, name, company, line1, line2, city, region, postal_code, country, phone, vat_number],
        )
        .map(drop)
    }

    /// Removes an address.
    pub fn address_delete(&self, id: AddressId) -> StoreResult<()> {
        self.execute("delete from address where id = ?1", [id]).map(drop)
    }
}
