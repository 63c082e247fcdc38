export {
  isUploadKey,
  type NamedObject,
  namedObject,
  type TopicKeys,
  topicKeys,
} from './keys.ts'
export { listTopics } from './list-topics.ts'
export { isOfOneObject, isOfOneTopic } from './still-answers.ts'
