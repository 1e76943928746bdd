/**
 * The init script by which a Gradle build tells appdev about itself: where it puts its classes and jars, what they are
 * made from, and which tests there are. Written once to the cache folder and passed to every invocation by `-I`.
 *
 * Uses only documented API. Runs while the build is configured and leaves nothing behind for the execution, so the
 * configuration cache stays usable. All differences between Gradle 4.4 and 9 are in the one block "versions". The tests
 * run it with 4.4.1. Gradle 5 to 9 follow the documentation and were not run; the script's test checks that block.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sessionId } from '../../../support/process/mark.ts';

/** The system property that names the file for the answer. Without it, the script asks nothing. */
export const answerProperty = 'appdev.gradle.answer';

/** Number of the answer's format. */
export const answerFormat = 2;

/** The script's text. */
export const gradleInitScript = `// Written by appdev: asks a build where its classes, jars, sources and tests are. Changes nothing in the build.
import groovy.json.JsonOutput
import org.gradle.api.Project
import org.gradle.api.artifacts.ProjectDependency
import org.gradle.api.tasks.testing.Test
import org.gradle.api.tasks.testing.logging.TestExceptionFormat
import org.gradle.util.GradleVersion

def since = { String version -> GradleVersion.current().baseVersion >= GradleVersion.version(version) }

// --- versions: everything that differs between the Gradles that appdev builds with -----------------------------------
// 5.1: AbstractArchiveTask.archiveFile in place of archivePath.
def archiveOf = { task -> since('5.1') ? task.archiveFile.get().asFile : task.archivePath }
// 8.11: ProjectDependency.path in place of dependencyProject, which 9.0 has not got any more.
def targetOf = { ProjectDependency dependency ->
    since('8.11') ? dependency.path : dependency.dependencyProject.path
}
// 4.9: tasks are made when they are needed, and configureEach does not make them.
def eachTest = { Project project, Closure action ->
    since('4.9') ? project.tasks.withType(Test).configureEach(action) : project.tasks.withType(Test).all(action)
}
// 4.1: Project.layout; 8.3 deprecates Project.buildDir.
def outputOf = { Project project -> project.layout.buildDirectory.get().asFile }
// ---------------------------------------------------------------------------------------------------------------------

// A build that is included in another one is asked by that one.
if (gradle.parent == null) {
    gradle.allprojects { project ->
        // The short form hides what an assertion said.
        eachTest(project) { Test test -> test.testLogging.exceptionFormat = TestExceptionFormat.FULL }
    }

    gradle.projectsEvaluated {
        // Read here and not above: if gradle.properties has org.gradle.jvmargs, Gradle 4.4 sets it only after this script.
        def answerFile = System.getProperty('${answerProperty}')
        if (answerFile == null) return
        def describe = { Project project ->
            // Without the plugin, the name would be looked for in the projects above.
            def sourceSets = project.pluginManager.hasPlugin('java-base') ? project.property('sourceSets') : null
            def named = { String name -> project.tasks.names.contains(name) ? project.tasks.getByName(name) : null }
            // A library of the same build may have the plugin and turn the task off.
            def enabled = { String name -> def task = named(name); task != null && task.enabled ? task : null }
            def jar = enabled('bootJar')
            // Spring Boot 1.x puts everything into the jar of the task 'jar'.
            def repackage = jar == null ? enabled('bootRepackage') : null
            def archive = jar != null ? jar : (repackage != null ? named('jar') : null)
            def main = sourceSets == null ? null : sourceSets.findByName('main')
            def runtime = project.configurations.findByName('runtimeClasspath')
            def projectsOf = { dependencies ->
                dependencies.withType(ProjectDependency).collect { targetOf(it) }.unique()
            }
            [
                path: project.path,
                folder: project.projectDir.path,
                buildFile: project.buildFile.path,
                output: outputOf(project).path,
                jar: archive == null ? null
                    : [task: (repackage != null ? repackage : jar).name, file: archiveOf(archive).path],
                tests: named('test') instanceof Test,
                sources: sourceSets == null ? []
                    : sourceSets.collectMany { it.allSource.srcDirs.collect { folder -> folder.path } }.unique().sort(),
                classes: main == null ? [] : main.output.files.collect { it.path },
                upstream: project.configurations.collectMany { projectsOf(it.dependencies) }.unique().sort(),
                // In the order of the class path.
                runtime: runtime == null ? [] : projectsOf(runtime.allDependencies),
            ]
        }
        def answer = [
            format: ${answerFormat},
            gradle: GradleVersion.current().version,
            root: gradle.rootProject.projectDir.path,
            // With configuration on demand, what was not needed was not configured.
            projects: gradle.rootProject.allprojects.findAll { it.state.executed }.collect { describe(it) },
            included: gradle.includedBuilds.collect { it.projectDir.path },
        ]
        new File(answerFile).setText(JsonOutput.toJson(answer), 'UTF-8')
    }
}
`;

/** Writes the script into a folder unless it is there; returns its path, which changes with the text. */
export async function writeInitScript(folder: string): Promise<string> {
  const hash = createHash('sha256').update(gradleInitScript).digest('hex').slice(0, 16);
  const path = join(folder, `appdev-${hash}.gradle`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${sessionId}`;
  await writeFile(draft, gradleInitScript);
  await rename(draft, path);
  return path;
}
