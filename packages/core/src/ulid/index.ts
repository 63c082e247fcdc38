export { isUlid, type Ulid, UlidSource } from './ulid.ts'
