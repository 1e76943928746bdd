/**
 * The listener by which Maven tells appdev what it does: which goal begins and ends, which artifacts a module has made,
 * and whether a goal failed. It is an EventSpy (since Maven 3.0.2): it changes nothing in a build, and does not depend on
 * what the log shows or where it goes.
 *
 * It is Java, as text, because it is compiled on the user's machine (prepare.ts). It calls Maven by reflection, so it
 * needs none of Maven's jars to be compiled, and one text serves Maven 3 and 4. The three types that it does name are
 * declared here for the compiler; Maven has the real ones.
 */

/** The variable with the text that begins each line of the listener. Without it, the listener is silent. */
export const markVariable = 'APPDEV_MAVEN_MARK';

/**
 * The variable with the folder in which appdev answers: a file with the number of the event. The listener waits for it
 * where the next thing that Maven does must not come first.
 */
export const answersVariable = 'APPDEV_MAVEN_ANSWERS';

/**
 * The variable with the path of the file to which the listener writes the effective models of all modules. Then Maven
 * ends at once, before its first goal.
 */
export const modelsVariable = 'APPDEV_MAVEN_MODELS';

/** Full name of the listener's class. */
export const listenerClass = 'dev.appdev.Listener';

/** The types of Maven and of JSR 330 that the listener names, by file. Only for the compiler. */
export const stubSources: Readonly<Record<string, string>> = {
  'javax/inject/Named.java': `package javax.inject;
import java.lang.annotation.*;
@Retention(RetentionPolicy.RUNTIME) public @interface Named { String value() default ""; }
`,
  'javax/inject/Singleton.java': `package javax.inject;
import java.lang.annotation.*;
@Retention(RetentionPolicy.RUNTIME) public @interface Singleton {}
`,
  'org/apache/maven/eventspy/AbstractEventSpy.java': `package org.apache.maven.eventspy;
public abstract class AbstractEventSpy { public void onEvent(Object event) throws Exception {} }
`,
};

/** The listener's text. */
export const listenerSource = `package dev.appdev;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import javax.inject.Named;
import javax.inject.Singleton;
import org.apache.maven.eventspy.AbstractEventSpy;

/** Written by appdev: tells it what this build does. Changes nothing in the build. */
@Named("appdev")
@Singleton
public final class Listener extends AbstractEventSpy {
    private final String mark = System.getenv("${markVariable}");
    private final String answers = System.getenv("${answersVariable}");
    private final String models = System.getenv("${modelsVariable}");
    private final AtomicInteger asked = new AtomicInteger();
    /** The process's own output, also if Maven's log goes to a file. */
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

    @Override
    public void onEvent(Object event) throws Exception {
        if (event == null || !event.getClass().getName().contains("ExecutionEvent")) return;
        String type = String.valueOf(get(event, "getType"));
        if (models != null && "SessionStarted".equals(type)) {
            writeModels(get(event, "getSession"));
            // Not System.exit: a plugin's shutdown hooks have nothing to end yet.
            Runtime.getRuntime().halt(0);
        }
        if (mark == null) return;
        switch (type) {
            case "MojoStarted": goal("started", event); break;
            case "MojoSucceeded": goal("ended", event); break;
            case "MojoFailed": goal("ended", event); explain(get(event, "getException")); break;
            case "ProjectSucceeded": made(get(event, "getProject")); break;
            case "SessionEnded":
                print("session", "failed", get(get(get(event, "getSession"), "getResult"), "hasExceptions"));
                break;
            default: break;
        }
    }

    private void goal(String type, Object event) throws Exception {
        Object mojo = get(event, "getMojoExecution");
        Object goal = get(mojo, "getGoal");
        // appdev looks at the classes before javac begins, and after what writes them has ended.
        boolean waits = answers != null && ("compile".equals(goal) || "resources".equals(goal));
        int number = waits ? asked.incrementAndGet() : 0;
        print(type, "pom", get(get(event, "getProject"), "getFile"), "plugin", get(mojo, "getArtifactId"), "goal", goal, "number", number);
        if (waits) await(new File(answers, String.valueOf(number)));
    }

    /** Waits for an answer, but not for ever: appdev may have been killed. */
    private static void await(File answer) throws InterruptedException {
        for (int tries = 0; tries < 5000 && !answer.exists(); tries += 1) Thread.sleep(1);
    }

    /** The lines of a failure, which the log may not show. */
    private void explain(Object failure) throws Exception {
        Set<String> lines = new LinkedHashSet<>();
        for (Throwable at = (Throwable) failure; at != null; at = at.getCause()) {
            for (String method : new String[] {"getMessage", "getLongMessage"}) {
                Object message = has(at, method) ? get(at, method) : null;
                if (message == null) continue;
                for (String line : message.toString().split("\\\\R")) lines.add(line);
            }
        }
        for (String line : lines) if (!line.trim().isEmpty()) print("said", "line", line);
    }

    private void made(Object project) throws Exception {
        List<Object> artifacts = new ArrayList<>(list(get(project, "getAttachedArtifacts")));
        artifacts.add(get(project, "getArtifact"));
        for (Object artifact : artifacts) {
            Object file = get(artifact, "getFile");
            if (file != null) print("made", "pom", get(project, "getFile"), "file", file);
        }
    }

    /** Writes what Maven makes of each pom: with its parents, the active profiles and all values. */
    private void writeModels(Object session) throws Exception {
        StringBuilder json = new StringBuilder("{\\"projects\\":[");
        String before = "";
        for (Object project : list(get(session, "getProjects"))) {
            Object model = get(get(project, "getModel"), "clone");
            // Has the versions of a thousand libraries, and says nothing about files.
            set(model, "setDependencyManagement");
            set(get(model, "getBuild"), "setPluginManagement");
            Class<?> writer = model.getClass().getClassLoader().loadClass("org.apache.maven.model.io.xpp3.MavenXpp3Writer");
            StringWriter xml = new StringWriter();
            writer.getMethod("write", Writer.class, model.getClass()).invoke(writer.getConstructor().newInstance(), xml, model);
            json.append(before).append("{\\"pom\\":");
            json(get(project, "getFile"), json);
            json.append(",\\"model\\":");
            json(xml, json);
            json.append('}');
            before = ",";
        }
        json.append("]}");
        try (FileOutputStream file = new FileOutputStream(models)) {
            file.write(json.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Sets what the setter sets to null. */
    private static void set(Object to, String setter) throws Exception {
        for (Method one : to.getClass().getMethods()) if (one.getName().equals(setter)) one.invoke(to, new Object[] {null});
    }

    private static Object get(Object from, String name) throws Exception {
        if (from == null) return null;
        // The classes of Maven's events are not public; their methods are.
        Method method = from.getClass().getMethod(name);
        method.setAccessible(true);
        return method.invoke(from);
    }

    private static boolean has(Object from, String name) {
        for (Method one : from.getClass().getMethods()) if (one.getName().equals(name) && one.getParameterCount() == 0) return true;
        return false;
    }

    private static Collection<?> list(Object value) {
        return value instanceof Collection ? (Collection<?>) value : new ArrayList<>();
    }

    /** Prints a line of JSON: the type, and the names and values that follow. */
    private void print(String type, Object... pairs) {
        // A line of Maven may have begun.
        StringBuilder line = new StringBuilder("\\n").append(mark).append("{\\"type\\":");
        json(type, line);
        for (int i = 0; i < pairs.length; i += 2) {
            line.append(',');
            json(pairs[i], line);
            line.append(':');
            json(pairs[i + 1], line);
        }
        line.append("}\\n");
        try {
            synchronized (out) {
                out.write(line.toString().getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException nobodyReads) {
            // appdev has ended.
        }
    }

    private static void json(Object value, StringBuilder to) {
        if (value == null || value instanceof Boolean || value instanceof Number) {
            to.append(value);
        } else {
            to.append('"');
            for (char c : value.toString().toCharArray()) {
                if (c == '"' || c == '\\\\') to.append('\\\\').append(c);
                else if (c < ' ' || c > '~') to.append(String.format("\\\\u%04x", (int) c));
                else to.append(c);
            }
            to.append('"');
        }
    }
}
`;
