import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.server.policy.AlterConfigPolicy;
import org.apache.kafka.server.policy.CreateTopicPolicy;

/** Bounds for the settings of topics, as managed clusters have them: test.bounds=max.message.bytes:0:8388608,… */
public class BoundedTopics implements CreateTopicPolicy, AlterConfigPolicy {
  private String[] bounds = {};

  @Override
  public void configure(Map<String, ?> configuration) {
    bounds = String.valueOf(configuration.get("test.bounds")).split(",");
  }

  @Override
  public void validate(CreateTopicPolicy.RequestMetadata request) {
    check(request.configs());
  }

  @Override
  public void validate(AlterConfigPolicy.RequestMetadata request) {
    check(request.configs());
  }

  @Override
  public void close() {}

  private void check(Map<String, String> settings) {
    Arrays.stream(bounds).map(bound -> bound.split(":")).forEach(bound -> check(settings, bound));
  }

  private static void check(Map<String, String> settings, String[] bound) {
    String value = settings.get(bound[0]);
    if (value == null) return;
    long number = Long.parseLong(value);
    if (number < Long.parseLong(bound[1]) || number > Long.parseLong(bound[2])) {
      throw new PolicyViolationException(
          "Config property '" + bound[0] + "' with value '" + value + "' is outside of its bounds");
    }
  }
}
