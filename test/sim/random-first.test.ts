import { playRandomStories } from './random-stories.ts'

playRandomStories(0)
