import type { CommandDeclaration } from '../command.ts'
import { catCommand } from './browse/cat.ts'
import { lsCommand } from './browse/ls.ts'
import { showCommand } from './browse/show.ts'
import { completionCommand } from './completion.ts'
import { indexAcceptCommand } from './index/index-accept.ts'
import { indexRebuildCommand } from './index/index-rebuild.ts'
import { leaseBreakCommand } from './lease/lease-break.ts'
import { leaseLsCommand } from './lease/lease-ls.ts'
import { pluginAddCommand } from './plugin/plugin-add.ts'
import { pluginLsCommand } from './plugin/plugin-ls.ts'
import { gcCommand } from './retention/gc.ts'
import { holdAddCommand } from './retention/hold-add.ts'
import { holdLsCommand } from './retention/hold-ls.ts'
import { holdRmCommand } from './retention/hold-rm.ts'
import { pointAddCommand } from './retention/point-add.ts'
import { pointLsCommand } from './retention/point-ls.ts'
import { pointRmCommand } from './retention/point-rm.ts'
import { pruneCommand } from './retention/prune.ts'
import { storageProbeCommand } from './storage/storage-probe.ts'
import { storageVerifyCommand } from './storage/storage-verify.ts'
import { applyCommand } from './work/apply.ts'
import { backupCommand } from './work/backup.ts'
import { copyCommand } from './work/copy.ts'
import { restoreCommand } from './work/restore.ts'
import { validateCommand } from './work/validate.ts'
import { verifyCommand } from './work/verify.ts'

/** Every command, in the order of the help. */
export const commands: readonly CommandDeclaration[] = [
  backupCommand,
  restoreCommand,
  applyCommand,
  validateCommand,
  lsCommand,
  showCommand,
  catCommand,
  verifyCommand,
  copyCommand,
  pruneCommand,
  gcCommand,
  holdAddCommand,
  holdLsCommand,
  holdRmCommand,
  pointAddCommand,
  pointLsCommand,
  pointRmCommand,
  indexAcceptCommand,
  indexRebuildCommand,
  leaseLsCommand,
  leaseBreakCommand,
  storageProbeCommand,
  storageVerifyCommand,
  pluginAddCommand,
  pluginLsCommand,
  completionCommand(() => commands),
]
