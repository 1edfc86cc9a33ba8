-- Invoices and credit notes. Each kind has a series of numbers of its own without gaps, which begins at 1. snapshot is all
-- that is printed, as JSON, so that nothing that changes later changes a paper that was given out. total is what it
-- comes to in minor units, below zero for a credit note.
create table invoice (
  id integer primary key autoincrement,
  kind text not null check (kind in ('invoice', 'credit_note')),
  number integer not null check (number > 0),
  order_id integer not null references shop_order (id),
  refund_id integer unique references refund (id),
  total integer not null,
  issued_at integer not null,
  snapshot text not null,
  unique (kind, number),
  check ((kind = 'credit_note') = (refund_id is not null)),
  check (case kind when 'invoice' then total >= 0 else total < 0 end)
) strict;

create index invoice_order on invoice (order_id, id);
create unique index invoice_once on invoice (order_id) where kind = 'invoice';

create trigger invoice_never_changes before update on invoice
begin
  select raise(abort, 'invoices and credit notes never change');
end;

create trigger invoice_never_goes before delete on invoice
begin
  select raise(abort, 'invoices and credit notes are never removed');
end;
