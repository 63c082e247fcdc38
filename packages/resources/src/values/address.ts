/** A port in a regular expression: 1 to 65535. */
export const portPattern =
  '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'

/** An IPv6 address in brackets, with or without a zone, in a regular expression. */
export const ipv6Pattern = '\\[[0-9a-fA-F:.]+(?:%[A-Za-z0-9._-]+)?\\]'
