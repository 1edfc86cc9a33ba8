-- Around the catalog: reviews and the ratings they come to, wishlists, and who wants to be told that something is back.

-- A review outlives the account of whoever wrote it: then it has no author. verified tells that they had bought it.
create table review (
  id integer primary key autoincrement,
  product_id integer not null references product (id) on delete cascade,
  account_id integer references account (id),
  rating integer not null check (rating between 1 and 5),
  title text,
  text text,
  verified integer not null default 0 check (verified in (0, 1)),
  status text not null check (status in ('pending', 'approved', 'rejected')),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null
) strict;

create unique index review_author on review (account_id, product_id) where account_id is not null;
create index review_own on review (account_id, id) where account_id is not null;
create index review_product on review (product_id, status, id);
create index review_of_product on review (product_id, id);
create index review_status on review (status, id);

-- What the approved reviews of a product come to. rating is their average in hundredths, 0 where there are none.
alter table product add column rating_count integer not null default 0 check (rating_count >= 0);
alter table product add column rating_sum integer not null default 0 check (rating_sum between rating_count and 5 * rating_count);
alter table product add column rating integer not null default 0 check (rating between 0 and 500);

create index product_by_rating on product (status, rating);
create index product_category_rating on product (category_id, status, rating);

create table wishlist_item (
  account_id integer not null references account (id),
  product_id integer not null references product (id) on delete cascade,
  created_at integer not null,
  primary key (account_id, product_id)
) strict, without rowid;

create index wishlist_item_newest on wishlist_item (account_id, created_at, product_id);
create index wishlist_item_product on wishlist_item (product_id);

-- Somebody wants one letter when a product, or one variant of it, can be bought again. variant_id is 0 for any variant.
-- One that was asked for without signing in waits until its address is confirmed. token is the hash of the one in the
-- last letter, which confirms and withdraws.
create table stock_request (
  id integer primary key autoincrement,
  product_id integer not null references product (id) on delete cascade,
  variant_id integer not null default 0,
  account_id integer references account (id),
  email text not null,
  email_key text not null,
  state text not null check (state in ('unconfirmed', 'waiting', 'due', 'sent')),
  token blob unique,
  created_at integer not null,
  updated_at integer not null,
  expires_at integer not null,
  unique (product_id, variant_id, email_key)
) strict;

create index stock_request_state on stock_request (product_id, state, id);
create index stock_request_email on stock_request (email_key);
create index stock_request_account on stock_request (account_id) where account_id is not null;
create index stock_request_expires on stock_request (expires_at);
