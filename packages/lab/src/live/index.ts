export { type LabServer, type LabServerOptions, type LiveFeed, startLabServer } from './lab-server.ts'
