export { type CopyTopicOptions, copyTopic, type TopicCopy } from './copy-topic.ts'
export type { CopyProgress, CopySums } from './topic-copier.ts'
