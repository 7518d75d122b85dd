import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.LogManager;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;

/**
 * Many files, many flavours, one virtual machine. Reads lines "flavour TAB file" and answers each with
 * "RESULT TAB flavour TAB file TAB pass|fail|error TAB checks", each failed rule below it with
 * "RULE TAB clause TAB times TAB message".
 */
public class VeraCheck {
    private static final String PROFILES = "/org/verapdf/pdfa/validation/";
    private static final Map<String, ValidationProfile> KNOWN = new LinkedHashMap<>();

    public static void main(String[] none) throws Exception {
        LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            String[] parts = line.split("\t", 2);
            answer(parts[0], parts[1]);
        }
    }

    private static void answer(String flavour, String file) {
        try {
            report(flavour, file, validated(flavour, file));
        } catch (Exception | StackOverflowError problem) {
            say("RESULT", flavour, file, "error", "0");
            say("RULE", "-", "1", String.valueOf(problem));
        }
    }

    private static ValidationResult validated(String flavour, String file) throws Exception {
        PDFAFlavour kind = PDFAFlavour.byFlavourId(flavour);
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(file), kind);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(profile(flavour), false)) {
            return validator.validate(parser);
        }
    }

    private static ValidationProfile profile(String flavour) throws Exception {
        if (!KNOWN.containsKey(flavour)) {
            String name = flavour.startsWith("ua") ? "PDFUA-" + flavour.substring(2) : "PDFA-" + flavour.toUpperCase();
            try (InputStream xml = VeraCheck.class.getResourceAsStream(PROFILES + name + ".xml")) {
                if (xml == null) {
                    throw new IOException("no profile for flavour " + flavour);
                }
                KNOWN.put(flavour, Profiles.profileFromXml(xml));
            }
        }
        return KNOWN.get(flavour);
    }

    private static void report(String flavour, String file, ValidationResult result) {
        Map<String, Integer> broken = new TreeMap<>();
        for (TestAssertion assertion : result.getTestAssertions()) {
            if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                String rule = assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber();
                broken.merge(rule + "\t" + assertion.getMessage().replaceAll("\\s+", " "), 1, Integer::sum);
            }
        }
        String verdict = result.isCompliant() ? "pass" : "fail";
        say("RESULT", flavour, file, verdict, String.valueOf(result.getTotalAssertions()));
        for (Map.Entry<String, Integer> rule : broken.entrySet()) {
            String[] parts = rule.getKey().split("\t", 2);
            say("RULE", parts[0], String.valueOf(rule.getValue()), parts[1]);
        }
    }

    private static void say(String... parts) {
        byte[] line = (String.join("\t", parts) + "\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(line, 0, line.length);
        System.out.flush();
    }
}
