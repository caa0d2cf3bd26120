import pg from 'pg';

/** Type ids from PostgreSQL's catalog (src/include/catalog/pg_type.dat). */
const TEXT_ARRAY = 1009;
const DATE = 1082;
const DATE_ARRAY = 1182;

const parseTextArray: (text: string) => unknown = pg.types.getTypeParser(TEXT_ARRAY as never);

/**
 * How column values are read on every store: as pg does (int8 and numeric as strings, timestamps as Date), except that
 * a date without a zone stays the string 'YYYY-MM-DD'. Give it to `new pg.Pool({ types })`.
 */
export const typeParsers = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
    if (oid === DATE) return (text) => text;
    if (oid === DATE_ARRAY) return parseTextArray;
    return pg.types.getTypeParser(oid as never, format);
  },
} as pg.CustomTypesConfig;
