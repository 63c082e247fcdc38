import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;

/**
 * Says how Java and Kafka's own client read configurations. Each line of the file that it is given is
 * "properties" or "jaas", a space, and the bytes in Base64. Each line that it prints is "refused", or the
 * names and values that were read, in Base64 of UTF-16BE, in the order of the names.
 */
public class ReadClientConfiguration {
  public static void main(String[] arguments) throws Exception {
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      String[] words = line.split(" ", 2);
      byte[] bytes = Base64.getDecoder().decode(words[1]);
      System.out.println(words[0].equals("jaas") ? jaas(bytes) : properties(bytes));
    }
  }

  private static String properties(byte[] bytes) throws Exception {
    Properties properties = new Properties();
    try {
      properties.load(new ByteArrayInputStream(bytes));
    } catch (IllegalArgumentException malformed) {
      return "refused";
    }
    return describe(properties);
  }

  private static String jaas(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    AppConfigurationEntry entry;
    try {
      Map<String, Password> configuration = Map.of("sasl.jaas.config", new Password(text));
      entry = JaasContext.loadClientContext(configuration).configurationEntries().get(0);
    } catch (RuntimeException refused) {
      return "refused";
    }
    // Kafka takes an option whose name is no word, and no login module can read it.
    if (entry.getLoginModuleName() == null || entry.getOptions().containsKey(null)) return "refused";
    return encode(entry.getLoginModuleName()) + " " + describe(new TreeMap<>(entry.getOptions()));
  }

  private static String describe(Map<?, ?> map) {
    StringBuilder text = new StringBuilder();
    // An empty name configures nothing.
    map.remove("");
    for (Map.Entry<?, ?> entry : new TreeMap<>(map).entrySet()) {
      text.append(encode((String) entry.getKey())).append(':').append(encode((String) entry.getValue())).append(' ');
    }
    return text.toString();
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_16BE));
  }
}
