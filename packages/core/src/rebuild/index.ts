export { type AcceptedEdit, type AcceptOptions, acceptIndex } from './accept-index.ts'
export {
  planRebuild,
  type RebuildOptions,
  type RebuildPlan,
  rebuildIndex,
} from './rebuild-index.ts'
export type { LeftOut, SurveyProgress } from './survey-segments.ts'
