/** Environment variables, handed in by the app. */
export type Environment = Readonly<Record<string, string | undefined>>
